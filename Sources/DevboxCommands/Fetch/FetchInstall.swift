import DevboxCore
import Fetch
import Glibc
import Guests
import HostTools

/// Puts fetched packages into a guest, started or stopped: a .deb with the guest's dpkg, a tar.xz at its own paths.
///
/// Where `devbox install` is there, `installDebs` is the one place that calls it instead.
struct FetchInstall {
    private let guest: String
    private let store: GuestStore
    private let options: GlobalOptions

    init(_ guest: String, store: GuestStore, options: GlobalOptions) {
        (self.guest, self.store, self.options) = (guest, store, options)
    }

    /// What a guest can take, the best first.
    static func formats(_ guest: GuestRecord) -> [PackageFormat] {
        ["debian", "ubuntu"].contains(guest.release.id) ? [.deb, .tarXZ] : [.tarXZ]
    }

    func install(_ records: [PackageRecord], from packages: PackageStore) throws {
        let debs = records.filter { $0.format == .deb }
        // Under /work a guest sees what the host has there now, so it is compared once more just before.
        for record in debs where try !packages.isIntact(record) { throw Self.changed(record) }
        if !debs.isEmpty { try installDebs(debs) }
        for record in records where record.format == .tarXZ { try unpack(record, from: packages) }
        for record in records {
            options.console.say("\(guest): installed \(record.package) \(record.packageVersion)")
        }
    }

    private func installDebs(_ records: [PackageRecord]) throws {
        let paths = records.map(PackageStore.guestPath)
        var exec = ExecOptions()
        exec.input = .null
        let status = try GuestExec(store, runner: options.runner).run(
            guest, ["env", "DEBIAN_FRONTEND=noninteractive", "dpkg", "--install"] + paths, exec)
        try Self.check(status, "dpkg", guest)
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
        var exec = ExecOptions()
        exec.input = .descriptor(pipe.readEnd)
        let status = try GuestExec(store, runner: options.runner).run(
            guest, ["tar", "--extract", "--directory=/", "--no-same-owner", "--keep-directory-symlink", "--file=-"],
            exec)
        pipe.closeReadEnd()
        let unpacked = try unpacker.wait(interruptible: false)
        try Self.check(status, "tar", guest)
        guard unpacked?.isSuccess == true else {
            throw Failure(.badInput, "\(packages.path(record)) is damaged: xz cannot unpack all of it")
        }
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
