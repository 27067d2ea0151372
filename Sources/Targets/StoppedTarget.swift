import DevboxCore
import Disks
import Glibc
import Guests
import HostTools
import Sandbox
import SystemPackage

/// A stopped guest: each command runs in a sandbox on its disk, as a transaction. The guest's lock is held as long as the value lives.
public final class StoppedTarget: Target {
    private var guest: StoppedGuest
    private let purpose: String

    /// Takes the guest's lock.
    ///
    /// - Parameters:
    ///   - name: the guest's name.
    ///   - purpose: the command, for those who wait and for messages.
    /// - Throws: `needsRoot`; `busy` where the guest runs; `missing` where this host cannot run its programs.
    public init(_ name: String, for purpose: String, in store: GuestStore, runner: Runner) throws {
        guard isRoot else {
            throw Failure(
                .needsRoot, "a command in a stopped guest needs root",
                hint: "sudo devbox \(purpose) …; or `devbox exec --mode kvm`, which needs none")
        }
        guest = try StoppedGuest(name, in: store, for: purpose, runner: runner)
        self.purpose = purpose
        _ = try ForeignCode.way(for: guest.record.architecture)
        Notices.once("host-kernel", work: store.work, console: runner.console) {
            "in a container the kernel is the host's, \(HostKernel.release); `--mode kvm` runs a command on the guest's own"
        }
    }

    /// The guest's name.
    public var name: String { guest.files.name }
    /// Of its programs.
    public var architecture: Architecture { guest.record.architecture }
    /// Whether its commands run on a kernel of its own.
    public var hasOwnKernel: Bool { false }

    /// Runs a command, and commits what it changed.
    public func run(_ command: TargetCommand) throws -> CommandResult {
        let streams = try CommandStreams(command, of: name)
        return try streams.finish(Result { try transact(command, streams) })
    }

    private func transact(_ command: TargetCommand, _ streams: CommandStreams) throws -> Int32 {
        let transaction = try DiskTransaction.begin(purpose, on: guest)
        let end: End
        do {
            var sandbox = try guest.sandbox(for: command, streams)
            end = try Self.wait(for: command, &sandbox)
        } catch {
            transaction.rollBackAfterFailure(guest)
            throw error
        }
        // What the command changed is kept whatever its status, and however it ended.
        do {
            try transaction.commit(guest.record, on: &guest)
        } catch {
            transaction.rollBackAfterFailure(guest)
            throw error
        }
        switch end {
        case .status(let status): return status
        case .interrupted: throw Failure.interrupted
        case .timedOut: throw GuestError.timedOut(guest: name, limit: command.limit ?? .zero)
        }
    }

    /// What ended a command.
    private enum End { case status(Int32), timedOut, interrupted }

    private static func wait(for command: TargetCommand, _ sandbox: inout Sandbox) throws -> End {
        let deadline = command.limit.map { ContinuousClock.now + $0 }
        do {
            // At a terminal Ctrl-C is the command's: its status tells what became of it.
            let status = try Interrupts.leavingCtrlC(if: command.wantsTerminal) { try sandbox.finish(until: deadline) }
            if let status { return .status(status) }
            try sandbox.endCommand()
            return .timedOut
        } catch let failure as Failure where failure.exitCode == .interrupted {
            try sandbox.endCommand()
            return .interrupted
        }
    }

    /// Restarts it; see `Target`.
    public func reboot(within limit: Duration) throws {
        throw Failure(.usage, "the guest \(name) is not running", hint: "`devbox start \(name)` starts it")
    }

    /// What its console has printed since it was last started.
    public func console() throws -> String { try ConsoleTail.log(guest.files) }

    /// In a sandbox the kernel is the host's: there is nothing to hear.
    public func kernelEvents() throws -> KernelEvents { KernelEvents() }
}

extension StoppedGuest {
    /// Starts a command in a sandbox on the guest's disk.
    ///
    /// - Parameters:
    ///   - extras: what it is shown of the host at /run/devbox.
    ///   - isUnsynced: whether what it asks to be written to the disk may wait for its end.
    borrowing func sandbox(
        for command: TargetCommand, _ streams: CommandStreams, showing extras: [SandboxMount.Entry] = [],
        isUnsynced: Bool = false
    ) throws -> Sandbox {
        let terminal = command.wantsTerminal
        var plan = try record.sandbox(
            .command(
                SandboxCommand(
                    command.arguments, environment: command.environment, directory: command.directory,
                    terminal: terminal ? getenv("TERM").map { String(cString: $0) } : nil, isUnsynced: isUnsynced)),
            files, in: store.work)
        if !extras.isEmpty { plan.mounts.append(.extras(extras)) }
        return try Sandbox(
            plan, lock: lock.descriptor,
            streams: .attached(
                input: streams.input, output: streams.output, error: streams.error, terminal: terminal),
            console: runner.console)
    }
}
