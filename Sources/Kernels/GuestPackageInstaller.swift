import DevboxCore
import FoundationEssentials
import Guests
import HostTools
import Packages
import SystemPackage

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

    /// How packages were installed.
    public enum Outcome: Sendable {
        /// On the disk, as one transaction.
        case offline
        /// In the running guest, which dpkg may leave halfway.
        case running
    }

    /// Installs packages: on a stopped guest's disk done as a whole or not at all; a running guest's own dpkg has no such thing.
    ///
    /// - Throws: `badInput` for a package that holds what it must not; `failure` where a dependency is unmet or dpkg fails.
    public func install(_ files: [PackageFile], in name: String) throws -> Outcome {
        if let running = try RunningGuest(name, in: store) {
            try install(files, in: running)
            return .running
        }
        var change = try OfflineChange(name, for: "install", in: store, runner: runner)
        let installer = PackageInstaller(store.work, runner: runner, options: options)
        try installer.check(files, for: change)
        try change.transact { change in
            try installer.install(files, in: &change)
            try change.refreshKernels()
        }
        return .offline
    }

    private func install(_ files: [PackageFile], in guest: RunningGuest) throws {
        let name = guest.record.name
        let architecture = guest.record.architecture.rawValue
        try PackageInstaller.checkArchitecture(files, of: guest.record)
        for file in files { try DebCheck().run(file.package) }
        let status = try ask(["cat", "/var/lib/dpkg/status"], of: name)
        let installed = try PackageSet(
            dpkgStatus: status, name: "the status of \(name)'s dpkg", architecture: architecture)
        try PackageInstaller.refuse(installed.unmet(files.map(\.package)))

        let folder = String(
            decoding: try ask(["mktemp", "-d", "/var/tmp/devbox-install.XXXXXX"], of: name), as: UTF8.self
        )
        .filter { !$0.isNewline }
        guard folder.hasPrefix("/var/tmp/devbox-install.") else {
            throw Failure(.failure, "\(name) made no folder for the packages")
        }
        defer { _ = try? ask(["rm", "-rf", folder], of: name) }
        for file in files {
            try GuestCopy(store, runner: runner).copy(
                .host(file.package.path), to: .guest(name, path: "\(folder)/\(file.fileName)"))
        }
        _ = try ask(
            ["env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--force-confdef", "--force-confold", "--install"]
                + files.map { "\(folder)/\($0.fileName)" }, of: name)
        // Its supervisor holds the lock, so nobody else writes the record.
        var record = try store.load(name)
        record.packages = (record.packages ?? []) + files.map { $0.installed(at: Date(), by: options.command) }
        try store.save(record)
    }

    /// What a command in the guest prints.
    private func ask(_ arguments: [String], of name: String) throws -> [UInt8] {
        let folder = store.work.cache
        let file = folder.appending("output-\(UUID().uuidString)")
        let output = try Files.open(file, .readWrite, [.create, .exclusiveCreate])
        try Files.remove(file)
        defer { try? output.close() }
        var exec = ExecOptions(limit: options.limit)
        exec.input = .null
        exec.output = .descriptor(output)
        let status = try GuestExec(store, runner: runner).run(name, arguments, exec)
        try output.seek(offset: 0, from: .start)
        let bytes = try Files.readAll(output, name: "the output of \(arguments[0])", limit: 256 << 20)
        guard status == 0 else {
            let last = String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(6)
                .map { "\n  \(Names.printable(String($0)))" }
            throw Failure(
                .failure,
                "\(arguments.first { !$0.contains("=") && $0 != "env" } ?? "") in \(name) failed with status \(status)\(last.joined())"
            )
        }
        return bytes
    }
}
