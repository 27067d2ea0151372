import CLinux
import DevboxCore
import FoundationEssentials
import Glibc
import HostTools
import Packages
import Settings
import SystemPackage

/// Finds builds in the sources of a work directory, and brings them into share/packages, verified.
public final class Fetcher {
    let store: PackageStore
    let sources: [any PackageSource]
    let machine: MachineAptSource
    let context: SourceContext
    private var known: PackageRecords?
    private let command: String

    /// Begins to load what transfers need, in a thread of its own, in a process that fetches and then ends.
    public static func prepare() {
        devbox_keep_memory()
        HTTPClient.prepare()
    }

    /// Fetches from the sources that settings name.
    ///
    /// - Parameters:
    ///   - work: the work directory.
    ///   - settings: its devbox.yaml.
    ///   - runner: runs gpgv and apt-get.
    ///   - limits: how patient it is with servers.
    ///   - hostSuite: the release that the machine runs, such as "bookworm".
    ///   - aptEnvironment: variables for apt-get; APT_CONFIG in tests.
    ///   - command: what the user typed, for the records.
    /// - Throws: `badInput`, with the line, where the settings cannot be used.
    public init(
        _ work: WorkDirectory, _ settings: Settings, runner: Runner, limits: HTTPLimits = HTTPLimits(),
        hostSuite: String?, aptEnvironment: [String: String] = [:], command: String, today: CalendarDay = .today
    ) throws {
        store = PackageStore(work)
        sources = try SourceSettings(settings).sources
        machine = MachineAptSource(environment: aptEnvironment, hostSuite: hostSuite)
        let reader = SourceReader(limits: limits) { runner.console.say($0) }
        context = SourceContext(
            work: work, reader: reader, downloader: Downloader(work, limits: limits) { try reader.client() },
            signatures: Signatures(work: work, runner: runner), console: runner.console,
            remarks: Remarks(runner.console),
            today: today)
        self.command = command
    }

    /// How many requests went out to learn what there is: indexes, heads and checksums, without the packages themselves.
    public var requests: Int { context.reader.requests }

    /// A fetched file on the host.
    public func path(_ record: PackageRecord) -> FilePath { store.path(record) }

    /// A file that is there now.
    public struct Fetched: Sendable {
        /// What is known of it.
        public let record: PackageRecord
        /// Whether it was there before, and is what it was.
        public let wasThere: Bool
    }

    /// Brings builds into share/packages. What one of them fails of does not keep the others from coming.
    ///
    /// - Parameters:
    ///   - allowingUnlisted: whether a file counts that a list of digests beside it does not name.
    ///   - progress: told several times a second, once a download runs.
    /// - Returns: a result for each build.
    public func fetch(
        _ builds: [Build], allowingUnlisted: Bool = false, progress: ([TransferProgress]) -> Void = { _ in }
    ) throws -> [Attempt<Fetched>] {
        let keys = builds.map { PartKey($0.address) }
        let locks = try DownloadLocks(
            zip(keys, builds).map { ($0, $1.address) }, in: context.work, console: context.console)
        defer { withExtendedLifetime(locks) {} }
        // What another one has just fetched is known only now.
        known = try PackageRecords(context.work)
        var results = [Attempt<Fetched>?](repeating: nil, count: builds.count)
        var wanted: [(index: Int, plan: Plan)] = []
        for (index, build) in builds.enumerated() {
            try Interrupts.check()
            do {
                let plan = try plan(build, allowingUnlisted)
                if let record = plan.known, try store.isIntact(record) {
                    results[index] = .success(Fetched(record: record, wasThere: true))
                } else {
                    wanted.append((index, plan))
                }
            } catch let error as any ReportableError where error.exitCode != .interrupted {
                results[index] = .failure(error)
            }
        }
        let requests = wanted.map { index, plan in
            Downloader.Request(
                address: plan.build.address, key: keys[index], size: plan.build.size,
                limit: maximumSize(plan.build.source),
                expected: plan.expected.digest ?? plan.known.map { .sha256($0.sha256) })
        }
        let placer = PackagePlacer(store)
        do {
            try context.downloader.bring(requests, progress: progress) { number, result in
                let (index, plan) = wanted[number]
                switch result {
                case .success(let file): placer.add(file, index: index) { [command] in try plan.record($0, command) }
                case .failure(let error): results[index] = .failure(error)
                }
            }
        } catch {
            // What came stays.
            _ = try? placer.finish()
            throw error
        }
        for (index, outcome) in try placer.finish() {
            results[index] = outcome.map { Fetched(record: $0, wasThere: false) }
        }
        for (index, plan) in wanted where plan.expected.digest == nil {
            guard case .success = results[index] else { continue }
            context.remarks.once(
                "\(plan.build.source): \(plan.expected.reason); the digest of what came is recorded, and holds from now on"
            )
        }
        known = nil
        return results.map { $0 ?? .failure(Failure.interrupted) }
    }

    func records() throws -> PackageRecords {
        if let known { return known }
        let records = try PackageRecords(context.work)
        known = records
        return records
    }

    private func plan(_ build: Build, _ allowsUnlisted: Bool) throws -> Plan {
        let day = build.date ?? context.today
        let (known, folders) = try store.find(build, on: day, in: records())
        let expected = try Checksums(context: context, allowsUnlisted: allowsUnlisted).expected(
            build, keyrings: keyrings(build.source), root: root(build.source))
        if let known, let digest = expected.digest, try !store.agrees(known, with: digest) {
            throw FetchError.changed(build.address, got: digest, before: known)
        }
        return Plan(build: build, day: known?.date ?? day, expected: expected, known: known, folders: folders)
    }

    private func keyrings(_ source: String) -> [Keyring] { sources.first { $0.name == source }?.keyrings ?? [] }

    private func root(_ source: String) -> Address? {
        (sources.first { $0.name == source } as? any ConfiguredSource)?.root
    }

    private func maximumSize(_ source: String) -> Int64 {
        sources.first { $0.name == source }?.maximumSize ?? machine.maximumSize
    }
}

/// What is to be fetched, and what is known of it before.
private struct Plan: Sendable {
    let build: Build
    let day: CalendarDay
    let expected: Checksums.Expected
    let known: PackageRecord?
    let folders: [String]

    /// The record of a file that came, verified; one that is not what it must be is removed.
    ///
    /// - Parameter command: what the user typed.
    func record(_ file: Downloaded, _ command: String) throws -> PackageRecord {
        do {
            let digest = try file.digest()
            if let expected = expected.digest {
                let got = expected.function == .sha256 ? .sha256(digest) : try file.digest(expected.function)
                guard got == expected else {
                    throw FetchError.wrongDigest(
                        build.address, expected: expected, by: self.expected.origin ?? "the source", got: got)
                }
            }
            if let known, known.sha256 != digest {
                throw FetchError.changed(build.address, got: .sha256(digest), before: known)
            }
            guard file.beginning.starts(with: build.format.beginning) else {
                throw FetchError.refused(
                    build.address, reason: "sent something that is no \(build.format.rawValue) file", hint: nil)
            }
            try checkName(file)
            return PackageRecord(
                package: build.package, architecture: build.architecture, packageVersion: build.version, date: day,
                format: build.format, kernelVersion: build.kernelVersion, suite: build.suite, source: build.source,
                address: build.address.description, path: (folders + [build.address.name]).joined(separator: "/"),
                size: file.size, sha256: digest, verifiedBy: expected.origin, isSigned: expected.isSigned,
                fetchedAt: Date(), command: command)
        } catch {
            file.part.remove()
            throw error
        }
    }
}

extension Plan {
    /// Throws where a package is another one than its file is called: its control file has the name that counts.
    private func checkName(_ file: Downloaded) throws {
        // What is no sound package is told where it is opened to be installed.
        guard build.format == .deb, build.knownDigest == nil,
            let name = FileName.debianPackage(build.address.name),
            let package = try? DebPackage(file.file()), package.name != name
        else { return }
        throw FetchError.refused(
            build.address, reason: "holds the package \(package.name), but is called \(name)",
            hint: "the file is not used")
    }
}

extension PackageFormat {
    /// How its files begin: a server's page of excuses is no package.
    var beginning: [UInt8] {
        switch self {
        case .deb: Array("!<arch>\n".utf8)
        case .rpm: [0xED, 0xAB, 0xEE, 0xDB]
        case .tarXZ: [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00]
        }
    }
}
