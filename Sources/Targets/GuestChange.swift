import Boot
import DevboxCore
import Disks
import Guests
import HostTools
import Sandbox
import SystemPackage

/// A change of a stopped guest, made by programs of the guest's own in sandboxes on its disk, as one transaction: disk, boot files and
/// record change together, or stay as they were. It is a target: what is run in it is a part of the change.
public final class GuestChange: StoppedGuestTarget {
    private var guest: StoppedGuest
    private let purpose: String
    private let kind: SandboxKind
    /// The guest's record; what it is when the transaction ends is what is committed.
    public var record: GuestRecord

    /// Takes a stopped guest's lock and brings its disk into a state that can be read.
    ///
    /// - Parameters:
    ///   - name: the guest's name.
    ///   - purpose: the command, for those who wait and for messages.
    ///   - otherwise: what else than stopping it the user of a running guest can do, for the hint.
    /// - Throws: `needsRoot` for a container; `busy` where the guest runs.
    public init(
        _ name: String, for purpose: String, in store: GuestStore, otherwise: String? = nil, runner: Runner
    ) throws {
        let stopped = try StoppedGuest(name, in: store, for: purpose, otherwise: otherwise, runner: runner)
        kind = try store.sandboxKind(for: stopped.record)
        if kind == .container { _ = try ForeignCode.way(for: stopped.record.architecture) }
        try stopped.replayJournal()
        self.purpose = purpose
        record = stopped.record
        guest = stopped
    }

    /// Of its programs.
    public var architecture: Architecture { record.architecture }
    /// Where the guest's files are.
    public var files: GuestFiles { guest.files }

    /// In a container the kernel is the host's, in an appliance one of an image's.
    public var hasOwnKernel: Bool { false }

    /// Whether nothing ever ran in the guest since it was cloned from its image.
    public var isUntouched: Bool { guest.record.isUntouched }

    /// The guest's root file system, read-only; it is the one before the change as long as a command is not through.
    public func openRoot() throws -> Ext4FileSystem { try guest.openRoot() }

    /// Runs `body`, and commits what it did to the disk and to the record. Whatever it throws, and whenever devbox dies, all is
    /// as before.
    public func transact<T>(_ body: (GuestChange) throws -> T) throws -> T {
        let transaction = try DiskTransaction.begin(purpose, on: guest)
        let result: T
        do {
            result = try body(self)
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

    /// Brings boot/ and the record up to the kernels that the disk has now.
    public func refreshKernels() throws {
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
    public func edit(_ body: (borrowing Ext4FileSystem) throws -> Void) throws {
        try guest.prepareForEditing()
        try guest.editRoot(body)
    }

    /// Runs a command within `transact`; see `Target`.
    public func run(_ command: TargetCommand) throws -> CommandResult { try run(command, showing: []) }

    /// Runs one command in a sandbox on the guest's disk, within `transact`.
    ///
    /// - Parameters:
    ///   - command: the command.
    ///   - extras: what it is shown of the host at /run/devbox, read-only.
    ///   - meanwhile: is called while it runs.
    /// - Throws: `failure` where it did not end in time; nothing of it runs then.
    public func run(
        _ command: TargetCommand, showing extras: [SandboxMount.Entry],
        meanwhile: (CommandEnd) throws -> Void = { _ in }
    ) throws -> CommandResult {
        let deadline = command.limit.map { ContinuousClock.now + $0 }
        let streams = try CommandStreams(command, of: name)
        return try streams.finish(
            Result {
                switch kind {
                case .container: try runInContainer(command, streams, until: deadline, showing: extras, meanwhile)
                case .appliance: try runInAppliance(command, streams, until: deadline, showing: extras, meanwhile)
                }
            })
    }

    /// Whether what is shown of the host may be a fifo, which is read while the command runs.
    public var readsFifos: Bool { kind == .container }

    private func notInTime(_ command: TargetCommand) -> Failure {
        Failure(
            .failure,
            "\(purpose) in \(name) did not end within \((command.limit ?? .zero).inWords); nothing was changed",
            hint: "--timeout allows it more")
    }

    private func runInContainer(
        _ command: TargetCommand, _ streams: CommandStreams, until deadline: ContinuousClock.Instant?,
        showing extras: [SandboxMount.Entry], _ meanwhile: (CommandEnd) throws -> Void
    ) throws -> Int32 {
        var flushed = command
        flushed.arguments = try guest.store.templates.shell("target/run-flushing.sh", command.arguments)
        var sandbox = try guest.sandbox(for: flushed, streams, showing: extras, isUnsynced: true)
        do {
            try meanwhile(CommandEnd(descriptor: sandbox.descriptor, deadline: deadline))
            if let status = try sandbox.finish(until: deadline) { return status }
            throw notInTime(command)
        } catch {
            sandbox.kill()
            throw error
        }
    }

    private func runInAppliance(
        _ command: TargetCommand, _ streams: CommandStreams, until deadline: ContinuousClock.Instant?,
        showing extras: [SandboxMount.Entry], _ meanwhile: (CommandEnd) throws -> Void
    ) throws -> Int32 {
        let machine = try GuestAppliance(guest, .init(extras: extras, isUnsynced: true))
        do {
            // It boots meanwhile.
            try meanwhile(CommandEnd(descriptor: -1, deadline: deadline))
            switch try machine.run(command, streams, bootLimit: GuestAppliance.bootLimit) {
            case .status(let status):
                try machine.finish()
                return status
            case .timedOut: throw notInTime(command)
            case .interrupted: throw Failure.interrupted
            }
        } catch {
            machine.kill()
            throw error
        }
    }
}
