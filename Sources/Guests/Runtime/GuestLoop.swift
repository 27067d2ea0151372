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
    /// Finds out whether what the console tells of is a panic.
    private(set) lazy var inquiry = PanicInquiry(
        Timers(supervisor.loop), .init(accelerator: supervisor.plan.accelerator),
        ask: { [weak self] in self?.runtime.machine?.ask { [weak self] in try? self?.learn(.answered) } },
        silent: { [weak self] in try self?.learn(.silent) },
        standsStill: { [weak self] in self.map { $0.condition.isPaused || $0.condition.isDumping } ?? false })
    /// Looks for space on the host while the machine waits for some.
    private(set) lazy var space = SpaceWatch(
        Timers(supervisor.loop), freeSpace: { [files = supervisor.files.path] in Files.freeSpace(files) },
        resume: { [weak self] in self?.runtime.machine?.resume() })
    var dumper: ChildProcess?
    private(set) var isReady = false
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
            stop(within: .seconds(30), for: nil)
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
            let isDeaf = condition.isDeaf(supervisor.plan.onPanic)
            stop(within: isDeaf ? .zero : .milliseconds(limit), for: client)
        case .condition: client.say(ControlAnswer.condition(condition))
        case .follow:
            client.isFollowing = true
            client.say(ControlAnswer.condition(condition))
        case .dump(let format): dump(format, for: client)
        case .dumpStored(let path): stored(path, by: client)
        case .injectNMI: injectNMI(for: client)
        }
    }

    /// - Parameter client: who wants it; nil where the host does, which does not wait for space.
    private func stop(within limit: Duration, for client: ControlClient?) {
        if limit > .zero { runtime.requestShutdown() }
        supervisor.loop.after(limit) { [self] in
            // What it could not write is lost when it is switched off; who wants that says so.
            if limit > .zero, let client, condition.waitsForSpace(supervisor.plan.onPanic) {
                stoppers.removeAll { $0 === client }
                return client.sayLast(StopAnswer(forced: false, isOutOfSpace: true))
            }
            wasForced = true
            runtime.forceOff()
        }
    }
}
