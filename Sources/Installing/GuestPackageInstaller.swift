import Boot
import DevboxCore
import FoundationEssentials
import Guests
import HostTools
import Packages
import SystemPackage
import Targets

/// Installs packages of any kind in guests, stopped or running.
public struct GuestPackageInstaller: Sendable {
    private let store: GuestStore
    private let runner: Runner
    private let options: PackageInstaller.Options

    /// Installs in guests of a work directory.
    public init(_ store: GuestStore, runner: Runner, options: PackageInstaller.Options) {
        self.store = store
        self.runner = runner
        self.options = options
    }

    /// Installs packages: on a stopped guest's disk done as a whole or not at all; a running guest's own dpkg has no such thing.
    ///
    /// - Throws: `badInput` for a package that holds what it must not; `failure` where a dependency is unmet or dpkg fails.
    public func install(_ files: [PackageFile], in name: String) throws -> InstalledPackages {
        if let running = try GuestTargets(store, runner: runner).running(name) {
            return InstalledPackages(packages: try install(files, in: running), isTransaction: false)
        }
        let change = try GuestChange(name, for: "install", in: store, runner: runner)
        let installer = PackageInstaller(store.work, runner: runner, options: options)
        let packages = try installer.check(files, for: change)
        try change.transact { change in
            try installer.install(packages, in: change)
            try change.refreshKernels()
        }
        return InstalledPackages(packages: packages, isTransaction: true)
    }

    private func install(_ given: [PackageFile], in target: RunningTarget) throws -> CompletedPackages {
        let guest = target.guest
        try PackageInstaller.checkArchitecture(given, of: guest.record)
        let before = try status(of: target)
        let packages = try PackageInstaller(store.work, runner: runner, options: options).complete(
            given, on: guest.record, status: before
        ) { try sources(of: target) }
        let files = packages.all
        let kernels = try files.map { file in
            try DebCheck().run(file.package).kernels.images(for: guest.record.architecture).filter(BootFiles.isVersion)
        }

        let folder = String(
            decoding: try ask(["mktemp", "-d", "/var/tmp/devbox-install.XXXXXX"], of: target), as: UTF8.self
        )
        .filter { !$0.isNewline }
        guard folder.hasPrefix("/var/tmp/devbox-install.") else {
            throw Failure(.failure, "\(target.name) made no folder for the packages")
        }
        defer { _ = try? ask(["rm", "-rf", folder], of: target) }
        let copy = TargetCopy(target, templates: store.templates, console: runner.console)
        for file in files { try copy.send(file.package.path, to: "\(folder)/\(file.fileName)") }
        let words = try store.templates.shell(
            "packages/install.sh",
            PackageGroups.arguments(
                packages.groups, options: PackageGroups.options, path: { "\(folder)/\(files[$0].fileName)" },
                name: { files[$0].dpkgName }))
        let end = Result { try ask(["env", "DEBIAN_FRONTEND=noninteractive"] + words, of: target, as: "dpkg") }
        // What it had installed before it failed is there.
        let after = Result { try status(of: target) }
        var installed = Array(files.indices)
        if case .failure = end {
            installed =
                (try? Self.installed(files, before: before, after: after.get(), guest.record.architecture)) ?? []
        }
        if !installed.isEmpty {
            _ = try RunningRecord.change(guest, in: store, runner: runner) { record in
                record.packages =
                    (record.packages ?? [])
                    + installed.map { files[$0].installed(at: Date(), by: options.command, kernels: kernels[$0]) }
            }
        }
        _ = try end.get()
        let left = try UnconfiguredPackages(after.get()).names(besides: UnconfiguredPackages(before))
        guard left.isEmpty else {
            throw Failure(
                .failure, "dpkg in \(target.name) has left unconfigured: \(left)",
                hint: "`devbox exec \(target.name) -- dpkg --audit` tells more")
        }
        return packages
    }

    /// Which packages dpkg has installed between two states of its status file, by their places.
    static func installed(_ files: [PackageFile], before: [UInt8], after: [UInt8], _ architecture: Architecture) throws
        -> [Int]
    {
        let sets = try [before, after].map { try GuestPackages.read($0, architecture: architecture) }
        return files.indices.filter { index in
            let package = files[index].package
            let has = sets.map { set in
                set.installed(package.name).contains {
                    $0.version == package.version && $0.architecture == package.architecture
                }
            }
            return has == [false, true]
        }
    }

    private func status(of target: RunningTarget) throws -> [UInt8] {
        try ask(["cat", "/var/lib/dpkg/status"], of: target)
    }

    /// The apt sources of a running guest.
    private func sources(of target: any Target) throws -> GuestAptSources {
        let paths = GuestAptSources.places.map { String($0.dropFirst()) }
        let archive = try ask(store.templates.shell("packages/collect.sh", paths), of: target)
        return try GuestAptSources(tar: archive, of: target.name)
    }

    /// What a command in the guest prints.
    ///
    /// - Parameter program: what messages call it; nil for its first word.
    private func ask(_ arguments: [String], of target: any Target, as program: String? = nil) throws -> [UInt8] {
        var command = TargetCommand(arguments, limit: options.limit)
        command.output = .captured(limit: 256 << 20)
        // A package may bring a service, which an init other than systemd starts as a child of dpkg's.
        command.leavesRunning = true
        let result = try target.run(command)
        guard result.isSuccess else {
            let last = result.text.split(separator: "\n").suffix(6).map { "\n  \(Names.printable(String($0)))" }
            throw Failure(
                .failure,
                "\(program ?? arguments.first ?? "") in \(target.name) failed with status \(result.status)\(last.joined())"
            )
        }
        return result.output
    }
}
