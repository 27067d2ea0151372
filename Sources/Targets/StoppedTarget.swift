import DevboxCore
import Disks
import Glibc
import Guests
import HostTools
import Sandbox
import SystemPackage

/// A stopped guest: each command runs in a sandbox on its disk, a container or an appliance, as a transaction. The guest's lock is held as
/// long as the value lives.
public final class StoppedTarget: StoppedGuestTarget {
    private var guest: StoppedGuest
    private let purpose: String
    private let kind: SandboxKind
    /// How the guest's own kernel is started for each command; nil where none is.
    private let own: StartOptions?

    /// Takes the guest's lock.
    ///
    /// - Parameters:
    ///   - name: the guest's name.
    ///   - purpose: the command, for those who wait and for messages.
    ///   - own: how the guest's own kernel is started for each command, without the guest's init; nil for a sandbox as it is chosen.
    /// - Throws: `needsRoot` for a container; `busy` where the guest runs; `missing` where this host cannot run its programs.
    public init(
        _ name: String, for purpose: String, in store: GuestStore, own: StartOptions? = nil, runner: Runner
    ) throws {
        guest = try StoppedGuest(name, in: store, for: purpose, runner: runner)
        (self.purpose, self.own) = (purpose, own)
        kind = try own == nil ? store.sandboxKind(for: guest.record) : .appliance
        if own != nil { try guest.refreshKernels() }
        guard kind == .container else { return }
        _ = try ForeignCode.way(for: guest.record.architecture)
        Notices.once("host-kernel", work: store.work, console: runner.console) {
            "in a container the kernel is the host's, \(HostKernel.release); `--mode kvm` runs a command on the guest's own"
        }
    }

    /// Whether its commands run on the guest's own kernel.
    public var hasOwnKernel: Bool { own != nil }
    /// Of its programs.
    public var architecture: Architecture { guest.record.architecture }
    /// Where the guest's files are.
    public var files: GuestFiles { guest.files }

    /// Runs a command, and commits what it changed.
    public func run(_ command: TargetCommand) throws -> CommandResult {
        let streams = try CommandStreams(command, of: name)
        return try streams.finish(Result { try transact(command, streams) })
    }

    private func transact(_ command: TargetCommand, _ streams: CommandStreams) throws -> Int32 {
        let transaction = try DiskTransaction.begin(purpose, on: guest)
        let end: CommandEnding
        do {
            switch kind {
            case .container:
                var sandbox = try guest.sandbox(for: command, streams)
                end = try Self.wait(for: command, &sandbox)
            case .appliance: end = try runInAppliance(command, streams)
            }
        } catch let panic as any ReportableError where own != nil && panic.isOfOwnKernel {
            // What it did before, and what its crash kernel has saved, is what matters.
            try transaction.commit(guest.record, on: &guest)
            throw panic
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

    private func runInAppliance(_ command: TargetCommand, _ streams: CommandStreams) throws -> CommandEnding {
        var start = GuestAppliance.Start(hasTerminal: command.wantsTerminal)
        if let own {
            start.own = .init(version: own.kernel, arguments: own.kernelArguments, accelerator: own.accelerator)
        }
        let machine = try GuestAppliance(guest, start)
        do {
            let end = try machine.run(command, streams, bootLimit: own?.limit ?? GuestAppliance.bootLimit)
            // A guest's own kernel that hangs is a finding, and its disk what it has left.
            guard machine.isDeaf else {
                try machine.finish()
                return end
            }
            machine.kill()
            if own == nil, end == .timedOut {
                guest.runner.console.warn("\(name): the appliance does not answer: what the command changed is undone")
                throw GuestError.timedOut(guest: name, limit: command.limit ?? .zero)
            }
            if own == nil { throw Failure.interrupted }
            return end
        } catch {
            machine.kill()
            throw error
        }
    }

    private static func wait(for command: TargetCommand, _ sandbox: inout Sandbox) throws -> CommandEnding {
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
}

extension ReportableError {
    /// Whether it tells of the end of the guest's own kernel.
    fileprivate var isOfOwnKernel: Bool {
        if case GuestError.panicked? = self as? GuestError { return true }
        return self is Restarted
    }
}
