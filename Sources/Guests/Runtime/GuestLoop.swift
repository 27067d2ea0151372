import DevboxCore
import Glibc
import HostTools
import Sandbox
import SystemPackage

/// The life of a running guest in its supervisor: started, ready, stopped on request or by itself.
final class GuestLoop {
    let supervisor: Supervisor
    let runtime: any GuestRuntime
    var control: ControlServer?
    var condition = GuestCondition()
    var panicHolder: ControlClient?
    var isActing = false
    /// Counts what was heard while a panic is only suspected: in all, at the first time of this suspicion, and at the last; nil while
    /// there is none.
    var (inquiries, firstInquiry, inquiry) = (0, 0, nil as Int?)
    var dumper: ChildProcess?
    private var isReady = false
    private var wasForced = false
    private var fault: (any ReportableError)?
    private var stoppers: [ControlClient] = []

    init(_ supervisor: Supervisor, runtime: any GuestRuntime) {
        self.supervisor = supervisor
        self.runtime = runtime
    }

    func run() throws -> Int32 {
        let files = supervisor.files
        let loop = supervisor.loop
        let events = GuestEvents(
            ready: { [self] in
                if !isReady { supervisor.host.send(.ready) }
                isReady = true
            },
            learnt: { [self] signal in try learn(signal) },
            ended: { [self] error in
                fault = error
                loop.stop()
            })
        try Files.remove(files.lastPanic)
        let state = try runtime.launch(events)
        try Files.writeAtomically(RecordFile.json(state), to: files.runState)
        try supervisor.work.give(files.runState)
        control = try ControlServer(files.control, loop: loop) { [self] in try handle($0, of: $1) }
        try Files.setMode(files.control, 0o600)
        try supervisor.work.give(files.control)
        loop.watch(FileDescriptor(rawValue: Interrupts.descriptor)) { [self] in
            loop.ignore(FileDescriptor(rawValue: Interrupts.descriptor))
            stop(within: .seconds(30))
        }
        supervisor.host.send(.started)
        try loop.run()
        try runtime.close()
        try learn(.ended)
        if condition.panic != nil || condition.dump != nil { try condition.keep(files, in: supervisor.work) }
        if !isReady, !supervisor.host.isReleased {
            if let crash = fault as? MachineCrash { throw crash }
            throw Failure(
                .failure, "the guest \(files.name) ended while it started\(fault.map { ": \($0.message)" } ?? "")")
        }
        // Nobody finds a supervisor any more; what waits for the lock may go on when this process is gone.
        PrivateFolder.leave(files.run)
        try Files.removeTree(files.run)
        for stopper in stoppers { stopper.say(StopAnswer(forced: wasForced)) }
        return 0
    }

    private func handle(_ request: ControlRequest, of client: ControlClient) throws {
        switch request {
        case .stop(let limit):
            stoppers.append(client)
            // A kernel that stands still hears no power button; one that is only being dumped will.
            let standsStill = condition.isHalted || (condition.isPaused && !condition.isDumping)
            stop(within: standsStill ? .zero : .milliseconds(limit))
        case .condition: client.say(ControlAnswer.condition(condition))
        case .follow:
            client.isFollowing = true
            client.say(ControlAnswer.condition(condition))
        case .dump(let format): dump(format, for: client)
        case .dumpStored(let path): stored(path, by: client)
        case .injectNMI: injectNMI(for: client)
        }
    }

    func stop(within limit: Duration) {
        if limit > .zero { runtime.requestShutdown() }
        supervisor.loop.after(limit) { [self] in
            wasForced = true
            runtime.forceOff()
        }
    }
}
