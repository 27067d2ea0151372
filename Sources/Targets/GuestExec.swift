import DevboxCore
import Guests
import HostTools

/// Runs commands in guests, in whichever mode they are or are to be.
public struct GuestExec: Sendable {
    private let targets: GuestTargets

    /// Runs commands in guests of a work directory.
    public init(_ targets: GuestTargets) { self.targets = targets }

    /// Runs a command. With the mode `kvm` a stopped guest is started for it and stopped again.
    ///
    /// - Parameters:
    ///   - mode: the mode to run it in; nil for whichever the guest is in.
    ///   - start: how a virtual machine is started for it.
    ///   - detach: whether what it leaves running is to go on; a guest that does not run is refused then, as nothing goes on in it.
    /// - Throws: `GuestError.panicked` and `.timedOut`; anything else is a failure of the environment.
    public func run(
        _ command: TargetCommand, in name: String, mode: GuestMode? = nil, start: StartOptions = StartOptions(),
        detach: Bool = false
    ) throws -> CommandResult {
        var command = command
        // A terminal's end would be the end of what goes on.
        if detach { (command.leavesRunning, command.mayHaveTerminal) = (true, false) }
        if let running = try targets.running(name) {
            if let mode { try running.guest.check(mode) }
            try start.refuseIfNoMachineStarts("the guest \(name) runs already")
            return try running.run(command)
        }
        if detach {
            throw Failure(
                .usage, "the guest \(name) does not run: nothing goes on in it when the command has ended",
                hint: "`devbox start \(name)` first")
        }
        if mode == .kvm {
            try targets.store.sandboxes.refuseIfUnused(
                "--mode kvm starts the guest \(name)", hint: "choose one of them")
            guard start.hasInit else {
                return try StoppedTarget(name, for: "exec", in: targets.store, own: start, runner: targets.runner).run(
                    command)
            }
            return try runStarted(command, in: name, start)
        }
        try start.refuseIfNoMachineStarts("without --mode kvm none is started")
        var store = targets.store
        // Who says so wants a container, and no appliance in its place.
        if mode == .lxc { store.sandboxes.wanted = .container }
        return try StoppedTarget(name, for: "exec", in: store, runner: targets.runner).run(command)
    }

    private func runStarted(_ command: TargetCommand, in name: String, _ options: StartOptions) throws -> CommandResult
    {
        var start = options
        start.mode = .kvm
        let guest = try GuestStarter(targets.store, runner: targets.runner).start(name, start)
        let result: CommandResult
        do {
            result = try RunningTarget(guest, in: targets.store, runner: targets.runner).run(command)
        } catch {
            // A kernel that panicked or hangs does not shut down, and what it did is what matters.
            do {
                try guest.stop(within: error is GuestError ? .zero : .seconds(60))
            } catch let failure {
                targets.runner.console.warn(Failure(failure).message)
                throw error
            }
            throw (error as? GuestError)?.ofSwitchedOff ?? error
        }
        try guest.stop(within: .seconds(60))
        return result
    }
}
