import DevboxCore
import Fetch
import FoundationEssentials
import Glibc
import Guests
import HostTools
import Installing
import SystemPackage

/// Puts fetched packages into a guest, started or stopped: a .deb as `devbox install` does, a tar.xz at its own paths.
struct FetchInstall {
    private let guest: String
    private let store: GuestStore
    private let options: GlobalOptions
    private let installing: PackageInstaller.Options

    init(_ guest: String, store: GuestStore, options: GlobalOptions, installing: PackageInstaller.Options) {
        (self.guest, self.store, self.options, self.installing) = (guest, store, options, installing)
    }

    /// What a guest can take, the best first.
    static func formats(_ guest: GuestRecord) -> [PackageFormat] {
        ["debian", "ubuntu"].contains(guest.release.id) ? [.deb, .tarXZ] : [.tarXZ]
    }

    func install(_ records: [PackageRecord], from packages: PackageStore) throws {
        // A guest has no use for its kernel's debug package; `devbox install-kernel --debug` has.
        let wanted = records.filter { !$0.package.hasSuffix("-dbg") && !$0.package.hasSuffix("-dbgsym") }
        let debs = wanted.filter { $0.format == .deb }
        if !debs.isEmpty { try installDebs(debs, from: packages) }
        for record in wanted where record.format == .tarXZ { try unpack(record, from: packages) }
        for record in wanted {
            options.console.say("\(guest): installed \(record.package) \(record.packageVersion)")
        }
    }

    /// As `devbox install` does.
    private func installDebs(_ records: [PackageRecord], from packages: PackageStore) throws {
        let files = try records.map { record in
            let file = try PackageFile(packages.path(record))
            guard file.digest == record.sha256 else { throw Self.changed(record) }
            return file
        }
        let installer = GuestPackageInstaller(
            store, runner: options.runner, options: installing)
        _ = try installer.install(files, in: guest)
    }

    /// The host's xz unpacks, as a guest need not have one; only the guest's tar sees names and paths.
    private func unpack(_ record: PackageRecord, from packages: PackageStore) throws {
        guard let file = try packages.open(record) else { throw Self.changed(record) }
        defer { try? file.close() }
        let pipe = try Pipe()
        let command = Command(XZ.program, ["--decompress", "--stdout"])
        options.console.detail("+ \(command.line) < \(packages.path(record))")
        var unpacker = try ChildProcess(command, input: .descriptor(file), output: .descriptor(pipe.writeEnd))
        pipe.closeWriteEnd()
        let tar = ["tar", "--extract", "--directory=/", "--no-same-owner", "--keep-directory-symlink", "--file=-"]
        // tar's end is not xz's: what xz could not read to its end is no package, whatever tar made of it.
        func finish(_ status: Int32) throws {
            pipe.closeReadEnd()
            let unpacked = try unpacker.wait(interruptible: false)
            try Self.check(status, "tar", guest)
            guard unpacked?.isSuccess == true else {
                throw Failure(.badInput, "\(packages.path(record)) is damaged: xz cannot unpack all of it")
            }
        }
        if let running = try RunningGuest(guest, in: store) {
            var exec = ExecOptions()
            exec.input = .descriptor(pipe.readEnd)
            try finish(GuestExec(store, runner: options.runner).run(guest, tar, exec))
            _ = try RunningRecord.change(running, in: store, runner: options.runner) { changed in
                changed.packages = (changed.packages ?? []) + [Self.installed(record)]
            }
            return
        }
        // A stopped guest has all of it, or nothing.
        var change = try OfflineChange(guest, for: "fetch --install", in: store, runner: options.runner)
        var step = OfflineCommand(
            ["/usr/bin/env", "PATH=/usr/sbin:/usr/bin:/sbin:/bin"] + tar, output: .standardError,
            limit: installing.limit)
        step.input = .descriptor(pipe.readEnd)
        try change.transact { change in
            try finish(change.run(step))
            change.record.packages = (change.record.packages ?? []) + [Self.installed(record)]
        }
    }

    /// What the guest's record says of it.
    private static func installed(_ record: PackageRecord) -> GuestRecord.InstalledFile {
        .init(
            name: record.package, version: record.packageVersion, architecture: record.architecture.rawValue,
            sha256: record.sha256.description, file: FilePath(record.path).lastComponent?.string ?? "",
            installedAt: Date(), command: typedCommand)
    }

    private static func check(_ status: Int32, _ program: String, _ guest: String) throws {
        guard status == 0 else {
            throw Failure(
                .failure, "\(program) in \(guest) ended with status \(status)", hint: "what it said stands above")
        }
    }

    private static func changed(_ record: PackageRecord) -> Failure {
        Failure(
            .badInput, "\(record.path) is not what was fetched any more",
            hint: "`devbox fetch \(record.package)` brings it anew")
    }
}
