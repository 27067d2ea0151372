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

    /// Installs packages: on a stopped guest's disk done as a whole or not at all; a running guest's own dpkg has no such thing.
    ///
    /// - Throws: `badInput` for a package that holds what it must not; `failure` where a dependency is unmet or dpkg fails.
    public func install(_ files: [PackageFile], in name: String) throws -> InstalledPackages {
        if let running = try RunningGuest(name, in: store) {
            return InstalledPackages(packages: try install(files, in: running), isTransaction: false)
        }
        var change = try OfflineChange(name, for: "install", in: store, runner: runner)
        let installer = PackageInstaller(store.work, runner: runner, options: options)
        let packages = try installer.check(files, for: change)
        try change.transact { change in
            try installer.install(packages, in: &change)
            try change.refreshKernels()
        }
        return InstalledPackages(packages: packages, isTransaction: true)
    }

    private func install(_ given: [PackageFile], in guest: RunningGuest) throws -> CompletedPackages {
        let name = guest.record.name
        try PackageInstaller.checkArchitecture(given, of: guest.record)
        let packages = try PackageInstaller(store.work, runner: runner, options: options).complete(
            given, on: guest.record, status: ask(["cat", "/var/lib/dpkg/status"], of: name)
        ) { try sources(of: name) }
        let files = packages.all
        for file in files { try DebCheck().run(file.package) }

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
        _ = try RunningRecord.change(guest, in: store, runner: runner) { record in
            record.packages = (record.packages ?? []) + files.map { $0.installed(at: Date(), by: options.command) }
        }
        return packages
    }

    /// Puts those of its arguments that exist into a tar. A constant text; links are followed in the guest.
    private static let collector = #"""
        cd / && n=$# && for f; do [ ! -e "$f" ] || set -- "$@" "$f"; done && shift "$n" && exec tar -ch -- "$@"
        """#

    /// The apt sources of a running guest.
    private func sources(of name: String) throws -> GuestAptSources {
        let paths = GuestAptSources.places.map { String($0.dropFirst()) }
        return try answer(["sh", "-c", Self.collector, "sh"] + paths, of: name) {
            try GuestAptSources(tar: $0, of: name)
        }
    }

    /// What a command in the guest prints.
    private func ask(_ arguments: [String], of name: String) throws -> [UInt8] {
        try answer(arguments, of: name) { output in
            try Files.readAll(output, name: "the output of \(arguments[0])", limit: 256 << 20)
        }
    }

    /// Reads what a command in the guest prints, once it has ended.
    private func answer<T>(_ arguments: [String], of name: String, _ body: (FileDescriptor) throws -> T) throws -> T {
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
        guard status == 0 else {
            let bytes = try Files.readAll(output, name: "the output of \(arguments[0])", limit: 256 << 20)
            let last = String(decoding: bytes, as: UTF8.self).split(separator: "\n").suffix(6)
                .map { "\n  \(Names.printable(String($0)))" }
            throw Failure(
                .failure,
                "\(arguments.first { !$0.contains("=") && $0 != "env" } ?? "") in \(name) failed with status \(status)\(last.joined())"
            )
        }
        return try body(output)
    }
}
