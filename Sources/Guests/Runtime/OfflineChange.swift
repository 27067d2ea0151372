import Boot
import CLinux
import DevboxCore
import Disks
import HostTools
import Sandbox
import SystemPackage

/// A change of a stopped guest, made by programs of the guest's own in containers without an init, as one transaction: disk, boot
/// files and record change together, or stay as they were.
public struct OfflineChange: ~Copyable {
    private var guest: StoppedGuest
    private let purpose: String
    /// The guest's record; what it is when the transaction ends is what is committed.
    public var record: GuestRecord

    /// Takes a stopped guest's lock and brings its disk into a state that can be read.
    ///
    /// - Parameters:
    ///   - name: the guest's name.
    ///   - purpose: the command, for those who wait and for messages.
    ///   - otherwise: what else than stopping it the user of a running guest can do, for the hint.
    /// - Throws: `needsRoot`; `busy` where the guest runs.
    public init(
        _ name: String, for purpose: String, in store: GuestStore, otherwise: String? = nil, runner: Runner
    ) throws {
        guard isRoot else {
            throw Failure(
                .needsRoot, "\(purpose) needs root: it runs programs in the guest's container",
                hint: "sudo devbox \(purpose) …")
        }
        let stopped = try StoppedGuest(name, in: store, for: purpose, otherwise: otherwise, runner: runner)
        _ = try ForeignCode.way(for: stopped.record.architecture)
        try stopped.replayJournal()
        self.purpose = purpose
        record = stopped.record
        guest = stopped
    }

    /// Where the guest's files are.
    public var files: GuestFiles { guest.files }

    /// Whether nothing ever ran in the guest since it was cloned from its image.
    public var isUntouched: Bool { guest.record.isUntouched }

    /// The guest's root file system, read-only; it is the one before the change as long as a container is not through.
    public func openRoot() throws -> Ext4FileSystem { try guest.openRoot() }

    /// Runs `body`, and commits what it did to the disk and to the record. Whatever it throws, and whenever devbox dies, all is
    /// as before.
    public mutating func transact<T>(_ body: (inout OfflineChange) throws -> T) throws -> T {
        let transaction = try DiskTransaction.begin(purpose, on: guest)
        let result: T
        do {
            result = try body(&self)
            try Interrupts.check()
        } catch {
            transaction.rollBackAfterFailure(guest)
            try? guest.removeUnusedBootFiles()
            throw error
        }
        try transaction.commit(record, on: &guest)
        try? guest.removeUnusedBootFiles()
        return result
    }

    /// dpkg has every file written out as soon as it is unpacked, and waits for it. Here that is done beside it, some files at a time;
    /// what is left at the end is written when the disk is unmounted. A constant text; the command is its arguments.
    private static let flushing = [
        "/bin/sh", "-c", "(while sleep 0.3; do sync -f /; done) >/dev/null 2>&1 & exec \"$@\"", "sh",
    ]

    /// Brings boot/ and the record up to the kernels that the disk has now.
    public mutating func refreshKernels() throws {
        record.kernels = try guest.kernelsOnDisk()
        if let chosen = record.defaultKernel, !record.kernels.contains(where: { $0.version == chosen }) {
            record.defaultKernel = nil
        }
    }

    /// An initrd for a kernel of the disk, made by devbox; nil where the disk has no shell to put into it.
    public func initrd(for version: String) throws -> [UInt8]? {
        try BootFiles.initrd(for: version, from: guest.openRoot(), recipe: guest.initrdRecipe())
    }

    /// Edits the root file system in process, within `transact` and while no command runs.
    public mutating func edit(_ body: (borrowing Ext4FileSystem) throws -> Void) throws {
        try guest.prepareForEditing()
        try guest.editRoot(body)
    }

    /// Runs one command in a container on the guest's disk.
    ///
    /// - Parameters:
    ///   - command: the command, and what the container is shown.
    ///   - meanwhile: is called while it runs.
    /// - Returns: the command's status.
    /// - Throws: `failure` where it did not end in time; nothing of it runs then.
    public mutating func run(_ command: OfflineCommand, meanwhile: (OfflineProgress) throws -> Void = { _ in }) throws
        -> Int32
    {
        var plan = try guest.record.sandbox(
            .command(SandboxCommand(Self.flushing + command.arguments, isUnsynced: true)), guest.files,
            in: guest.store.work)
        if !command.extras.isEmpty { plan.mounts.append(.extras(command.extras)) }
        let output: ChildProcess.Stream = .descriptor(command.output)
        var sandbox = try Sandbox(
            plan, lock: guest.lock.descriptor,
            streams: .attached(input: command.input, output: output, error: output), console: guest.runner.console)
        do {
            try meanwhile(OfflineProgress(descriptor: sandbox.descriptor))
            guard let status = try sandbox.finish(until: command.deadline) else {
                throw Failure(
                    .failure,
                    "\(purpose) in \(guest.files.name) did not end within \(command.limit.inWords); nothing was changed",
                    hint: "--timeout allows it more")
            }
            return status
        } catch {
            sandbox.kill()
            throw error
        }
    }
}

/// A command for a container on a stopped guest's disk.
public struct OfflineCommand {
    /// The command and its arguments.
    public var arguments: [String]
    /// What the container sees of the host at /run/devbox, read-only.
    public var extras: [SandboxMount.Entry]
    /// What it reads.
    public var input: ChildProcess.Stream = .null
    /// Where standard output and standard error go.
    public var output: FileDescriptor
    /// How long it may take, from now on.
    public let limit: Duration
    /// When that time is over.
    public let deadline: ContinuousClock.Instant

    /// - Parameters:
    ///   - arguments: the command and its arguments.
    ///   - extras: what the container sees of the host at /run/devbox.
    ///   - output: where standard output and standard error go.
    ///   - limit: how long it may take, from now on.
    public init(_ arguments: [String], extras: [SandboxMount.Entry] = [], output: FileDescriptor, limit: Duration) {
        self.arguments = arguments
        self.extras = extras
        self.output = output
        self.limit = limit
        deadline = .now + limit
    }
}

/// A command that runs in a container.
public struct OfflineProgress: Sendable {
    /// Readable once the command has ended.
    public let descriptor: Int32
}
