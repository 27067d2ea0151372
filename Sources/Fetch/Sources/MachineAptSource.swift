import DevboxCore
import Glibc
import HostTools
import Packages
import SystemPackage

/// The machine's own apt sources, as apt knows them, with the keyrings that they name. What apt has fetched and verified is read
/// where it lies; releases and architectures that the machine does not have are fetched and verified anew.
struct MachineAptSource: PackageSource {
    /// For a configuration of a test's own.
    var environment: [String: String] = [:]
    /// The release that the machine runs: what its sources' names begin with.
    let hostSuite: String?

    var name: String { "apt" }
    var kind: String { "apt, the machine's" }
    var place: String { "/etc/apt" }
    var packages: [String]? { nil }
    var keyrings: [Keyring] { [] }
    var maximumSize: Int64 { 20 << 30 }

    /// One index that apt is configured to have.
    struct Target: Equatable {
        var file: FilePath
        var root: Address
        var release: String
        var component: String
        var architecture: String
        /// The file of sources.list(5) that names it.
        var list: FilePath
    }

    func probe(with context: SourceContext) throws {
        guard try !targets(context).isEmpty else { throw Failure(.notFound, "the machine has no apt sources") }
    }

    /// - Throws: `FetchError.noBuild`, where apt has sources and has never asked them.
    private func targets(_ context: SourceContext) throws -> [Target] {
        var command = AptGet.indexes
        command.environment.merge(environment) { $1 }
        let text = try context.signatures.runner.run(command, limit: .seconds(30)).text
        if !text.contains(AptGet.mark), let list = try places(context).sources().first {
            throw FetchError.noBuild(
                "apt has sources (\(list)), but no lists of packages: `apt-get update` was not run, or brought none",
                hint: "run `\(isRoot ? "" : "sudo ")apt-get update`")
        }
        return Self.targets(text)
    }

    private func places(_ context: SourceContext) throws -> AptPlaces {
        try AptPlaces(context.signatures.runner, environment: environment)
    }

    /// Reads what `AptGet.indexes` prints; sources that are neither HTTP nor a folder are left out.
    static func targets(_ text: String) -> [Target] {
        text.components(separatedBy: AptGet.mark).dropFirst().compactMap { entry in
            let fields = entry.split(separator: "\t", maxSplits: 5, omittingEmptySubsequences: false).map(String.init)
            guard fields.count == 6 else { return nil }
            guard let root = AptSourceFile.address(fields[1]) else { return nil }
            let list = fields[5].prefix { !$0.isNewline }
            let end = list.lastIndex(of: ":") ?? list.endIndex
            return Target(
                file: FilePath(fields[0]), root: root, release: fields[2], component: fields[3],
                architecture: fields[4],
                list: FilePath(String(list[..<end])))
        }
    }

    func builds(_ query: BuildQuery, all: Bool, with context: SourceContext) throws -> [Build] {
        let targets = try targets(context)
        guard !targets.isEmpty else { return [] }
        let suite = query.suite ?? hostSuite
        let isHosts = suite == nil || suite == hostSuite
        let own = targets.filter {
            [query.architecture.rawValue, "all"].contains($0.architecture) && Files.exists($0.file)
        }
        let hasOwn = own.contains { $0.architecture == query.architecture.rawValue }
        let builds =
            isHosts && hasOwn
            ? try own.flatMap { try kept($0, query, with: context) }
            : try fetched(targets, suite: suite, query, with: context)
        // The same version can be in two suites.
        var seen: Set<Address> = []
        return builds.filter { seen.insert($0.address).inserted }
    }

    /// The builds in an index that apt has.
    private func kept(_ target: Target, _ query: BuildQuery, with context: SourceContext) throws -> [Build] {
        let file = try Files.open(target.file, .readOnly)
        defer { try? file.close() }
        let stanzas = try StanzaSearch.search(
            file, for: [query.package], name: target.file.string, limit: AptRepository.largestIndex)
        return try AptBuilds.builds(
            stanzas, source: name, root: target.root, query, fallback: nil, index: "the machine's apt index",
            with: context)
    }

    /// The builds in indexes that apt does not have. What one source fails of does not keep the others from being asked.
    private func fetched(_ targets: [Target], suite: String?, _ query: BuildQuery, with context: SourceContext) throws
        -> [Build]
    {
        var builds: [Build] = []
        var failures: [any ReportableError] = []
        var (seen, answered): (Set<AptRepository>, Int) = ([], 0)
        let places = try places(context)
        for target in targets {
            do {
                let repository = try repository(target, suite: suite, places)
                guard seen.insert(repository).inserted else { continue }
                let (stanzas, release) = try repository.stanzas(of: [query.package], query.architecture, with: context)
                answered += 1
                builds += try AptBuilds.builds(
                    stanzas, source: name, root: target.root, query, fallback: release.day,
                    index: "the signed apt index", with: context)
            } catch let error as any ReportableError where error.exitCode != .interrupted {
                failures.append(error)
            }
        }
        // A source that devbox cannot use, or that lacks a component, has nothing; of others nobody knows what they have.
        let grave =
            failures.first { $0.exitCode == .badInput }
            ?? failures.first { builds.isEmpty && (answered == 0 || ![.missing, .notFound].contains($0.exitCode)) }
        if let grave { throw grave }
        for failure in failures { context.remarks.warnOnce(failure.message) }
        return builds
    }

    private func repository(_ target: Target, suite: String?, _ places: AptPlaces) throws -> AptRepository {
        let source = "the apt source \(target.root) \(Names.printable(target.release)) of \(target.list)"
        guard let entry = AptSourceFile.entry(target.root, target.release, in: target.list) else {
            throw Failure(
                .missing, "\(source) is not asked: it cannot be found in that file, and so no keys of it",
                hint: "the file must be readable; `apt-get update` where it was changed")
        }
        do {
            let keys = try AptKeys(entry, in: target.list) { places.trusted() }
            return AptRepository(
                root: target.root, suite: rename(target.release, to: suite),
                components: target.release.hasSuffix("/") ? [] : [target.component], keyrings: keys.keyrings,
                signers: keys.signers)
        } catch let error as Failure where error.exitCode == .missing {
            throw Failure(
                .missing, "\(source) is not asked: its Signed-By \(error.message)",
                hint: "name a keyring file there with Signed-By")
        }
    }

    /// "bookworm-updates" for another release: "trixie-updates".
    private func rename(_ release: String, to suite: String?) -> String {
        guard let suite, let hostSuite, suite != hostSuite, release.hasPrefix(hostSuite) else { return release }
        return suite + release.dropFirst(hostSuite.count)
    }
}
