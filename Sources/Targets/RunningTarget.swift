import DevboxCore
import Guests
import HostTools
import SystemPackage
import Templates

/// A running guest: a virtual machine, reached over ssh, or a container.
public final class RunningTarget: Target {
    /// The guest, as it was last started here.
    public private(set) var guest: RunningGuest
    private let store: GuestStore
    private let runner: Runner

    /// - Parameters:
    ///   - guest: the guest.
    ///   - store: the guests of its work directory.
    ///   - runner: runs the programs of the host that reach it.
    public init(_ guest: RunningGuest, in store: GuestStore, runner: Runner) {
        (self.guest, self.store, self.runner) = (guest, store, runner)
    }

    /// The guest's name.
    public var name: String { guest.record.name }
    /// Of its programs.
    public var architecture: Architecture { guest.record.architecture }
    /// Whether its commands run on a kernel of its own.
    public var hasOwnKernel: Bool { guest.state.mode == .kvm }

    /// Runs a command; see `Target`.
    public func run(_ command: TargetCommand) throws -> CommandResult {
        if let directory = command.directory, try !ask(["test", "-d", directory], limit: .seconds(60)).isSuccess {
            throw Failure(.environment, "there is no folder \(Names.printable(directory)) in \(name)")
        }
        let streams = try CommandStreams(command, of: name)
        return try streams.finish(
            Result {
                try Interrupts.leavingCtrlC(if: command.wantsTerminal) { try attend(command, streams) }
            })
    }

    /// Waits for a command's end, its time limit, or a panic of the kernel below it.
    private func attend(_ command: TargetCommand, _ streams: CommandStreams) throws -> Int32 {
        var events = try kernelEvents()
        var attached = try AttachedCommand(
            command, streams, in: guest, templates: store.templates, console: runner.console)
        let deadline = command.limit.map { ContinuousClock.now + $0 }
        while true {
            do {
                if let line = try events.heard() { throw GuestError.panicked(guest: name, line: line) }
                if let status = try attached.wait(until: deadline, orReadable: events.descriptor) {
                    return try judge(status, attached.question(), &events)
                }
            } catch {
                if case GuestError.panicked? = error as? GuestError {
                    attached.end(answers: false)
                } else {
                    attached.end(answers: true)
                }
                throw error
            }
            if let deadline, ContinuousClock.now >= deadline {
                attached.end(answers: true)
                throw GuestError.timedOut(guest: name, limit: command.limit ?? .zero)
            }
        }
    }

    /// ssh has the status 255 for failures of its own. Where the command ended with it, the guest has a mark that says so.
    private func judge(_ status: ExitStatus, _ question: Command, _ events: inout KernelEvents) throws -> Int32 {
        guard hasOwnKernel, status == .exited(255) else { return status.shellStatus }
        guard RunningGuest.isRunning(guest.files),
            try runner.attempt(question, limit: .seconds(30)).status.isSuccess
        else {
            if let line = try events.heard() { throw GuestError.panicked(guest: name, line: line) }
            throw Failure(.environment, "the connection to \(name) broke off")
        }
        return 255
    }

    /// Restarts it; see `Target`.
    public func reboot(within limit: Duration) throws {
        try guest.stop(within: limit)
        guest = try GuestStarter(store, runner: runner).start(name, StartOptions(as: guest.state))
    }

    /// What its console has printed since it was last started.
    public func console() throws -> String { try ConsoleTail.log(guest.files) }

    /// Begins to listen to what happens to its kernel.
    public func kernelEvents() throws -> KernelEvents { KernelEvents(guest) }
}
