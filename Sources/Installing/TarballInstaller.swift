import DevboxCore
import FoundationEssentials
import Glibc
import Guests
import HostTools
import SystemPackage
import Targets

/// Unpacks tarballs in guests, running or stopped, each member at its own path.
///
/// The host's xz decompresses, for a guest need not have one; names and paths are seen by the guest's tar alone.
public struct TarballInstaller: Sendable {
    private let store: GuestStore
    private let runner: Runner
    private let options: PackageInstaller.Options
    private let purpose: String

    private static let tar = [
        "tar", "--extract", "--directory=/", "--no-same-owner", "--keep-directory-symlink", "--file=-",
    ]

    /// - Parameters:
    ///   - store: the guests of the work directory.
    ///   - runner: its console is told of xz.
    ///   - options: how long unpacking in a stopped guest may take, and the command for the record.
    ///   - purpose: the command as messages name it: "fetch --install".
    public init(_ store: GuestStore, runner: Runner, options: PackageInstaller.Options, purpose: String) {
        (self.store, self.runner, self.options, self.purpose) = (store, runner, options, purpose)
    }

    /// Unpacks a tarball. A stopped guest has all of it, or nothing; in a running one what fails may be left halfway.
    ///
    /// - Throws: `badInput` for a file that xz cannot read to its end; `failure` where the guest's tar fails; `needsRoot` where the
    ///   guest is stopped.
    public func install(_ tarball: Tarball, in guest: String) throws {
        let file = try tarball.open()
        defer { try? file.close() }
        var unpacking = try Unpacking(tarball, file, runner: runner)
        var command = TargetCommand(Self.tar)
        command.input = .descriptor(unpacking.output)
        if let running = try GuestTargets(store, runner: runner).running(guest) {
            try unpacking.finish(running.run(command).status, in: guest)
            _ = try RunningRecord.change(running.guest, in: store, runner: runner) { note(tarball, in: &$0) }
            return
        }
        let change = try GuestChange(guest, for: purpose, in: store, runner: runner)
        command.limit = options.limit
        command.output = .descriptor(.standardError)
        // Where there is something that devbox does not see, the names are looked at.
        let isCovered = change.record.root.elsewhere != nil
        if isCovered {
            command.arguments.insert("--verbose", at: 1)
            command.output = .captured(limit: 256 << 20)
        }
        try change.transact { change in
            let result = try change.run(command)
            try unpacking.finish(result.status, in: guest)
            for path in isCovered ? result.text.split(separator: "\n") : [] {
                guard let part = change.record.root.covering(String(path)) else { continue }
                throw PackageInstaller.unseen(String(path), of: tarball.name, in: change.record, reason: part.words)
            }
            note(tarball, in: &change.record)
        }
    }

    private func note(_ tarball: Tarball, in record: inout GuestRecord) {
        record.packages = (record.packages ?? []) + [tarball.installed(at: Date(), by: options.command)]
    }
}

/// The host's xz at work on a tarball.
private struct Unpacking: ~Copyable {
    private let path: FilePath
    private let pipe: Pipe
    private var process: ChildProcess

    init(_ tarball: Tarball, _ file: FileDescriptor, runner: Runner) throws {
        let pipe = try Pipe()
        let command = Command(XZ.program, ["--decompress", "--stdout"])
        runner.console.detail("+ \(command.line) < \(tarball.path)")
        let process = try ChildProcess(command, input: .descriptor(file), output: .descriptor(pipe.writeEnd))
        pipe.closeWriteEnd()
        self.path = tarball.path
        self.pipe = pipe
        self.process = process
    }

    /// What tar reads.
    var output: FileDescriptor { pipe.readEnd }

    /// Waits for xz, once tar has ended. tar's end is not xz's: what xz could not read to its end is no package, whatever tar made
    /// of it. Where tar gave up first, xz dies of the closed pipe.
    mutating func finish(_ status: Int32, in guest: String) throws {
        pipe.closeReadEnd()
        let unpacked = try process.wait(interruptible: false)
        let tarFailed = Failure(
            .failure, "tar in \(guest) ended with status \(status)", hint: "what it said stands above")
        if status != 0, unpacked == .signalled(SIGPIPE) { throw tarFailed }
        guard unpacked?.isSuccess == true else {
            throw Failure(.badInput, "\(path) is damaged: xz cannot unpack all of it")
        }
        guard status == 0 else { throw tarFailed }
    }
}
