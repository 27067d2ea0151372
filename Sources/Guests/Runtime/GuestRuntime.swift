import DevboxCore
import FoundationEssentials
import Glibc
import HostTools
import SystemPackage

/// How a guest runs in one mode: what a supervisor needs of it.
protocol GuestRuntime: AnyObject {
    /// Starts the guest and its helpers, and has the loop call `events` from then on.
    func launch(_ events: GuestEvents) throws -> RunState
    /// Asks the guest to shut down, as the power button does.
    func requestShutdown()
    /// Ends the guest at once.
    func forceOff()
    /// Ends the helpers and writes what they still hold, after the guest has ended.
    func close() throws
}

/// What a runtime tells its supervisor.
struct GuestEvents {
    /// The guest answers.
    let ready: () -> Void
    /// The guest has ended by itself or as asked; the text says how where something was wrong.
    let ended: (String?) -> Void
}

/// The life of a running guest in its supervisor: started, ready, stopped on request or by itself.
final class GuestLoop {
    private let supervisor: Supervisor
    private let runtime: any GuestRuntime
    private var isReady = false
    private var wasForced = false
    private var complaint: String?
    private var stoppers: [FileDescriptor] = []

    init(_ supervisor: Supervisor, runtime: any GuestRuntime) {
        self.supervisor = supervisor
        self.runtime = runtime
    }

    func run() throws -> Int32 {
        let files = supervisor.files
        let loop = supervisor.loop
        let events = GuestEvents(
            ready: { [self] in
                if !isReady { supervisor.send(.ready) }
                isReady = true
            },
            ended: { [self] text in
                complaint = text
                loop.stop()
            })
        let state = try runtime.launch(events)
        try Files.writeAtomically(RecordFile.json(state), to: files.runState)
        try supervisor.work.give(files.runState)
        let control = try UnixSocket.listen(files.control)
        try Files.setMode(files.control, 0o600)
        try supervisor.work.give(files.control)
        loop.watch(control) { [self] in try accept(control) }
        loop.watch(FileDescriptor(rawValue: Interrupts.descriptor)) { [self] in
            loop.ignore(FileDescriptor(rawValue: Interrupts.descriptor))
            stop(within: .seconds(30))
        }
        supervisor.send(.started(state))
        try loop.run()
        try runtime.close()
        if !isReady {
            throw Failure(
                .failure, "the guest \(files.name) ended while it started\(complaint.map { ": \($0)" } ?? "")")
        }
        // Nobody finds a supervisor any more; what waits for the lock may go on when this process is gone.
        PrivateFolder.leave(files)
        try Files.removeTree(files.run)
        for stopper in stoppers { answer(stopper, ControlAnswer(forced: wasForced)) }
        return 0
    }

    private func accept(_ control: FileDescriptor) throws {
        let number = Glibc.accept(control.rawValue, nil, nil)
        guard number >= 0 else { return }
        let client = FileDescriptor(rawValue: number)
        var lines = [UInt8]()
        supervisor.loop.watch(client) { [self] in
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = buffer.withUnsafeMutableBytes { read(client.rawValue, $0.baseAddress, $0.count) }
            if count > 0, lines.count < 65_536 {
                lines += buffer[0..<count]
                guard lines.last == 10 else { return }
                if let request = try? RecordFile.decode(ControlRequest.self, from: lines) {
                    stoppers.append(client)
                    supervisor.loop.ignore(client)
                    return stop(within: .milliseconds(request.stopWithinMilliseconds))
                }
            }
            supervisor.loop.ignore(client)
            try? client.close()
        }
    }

    private func stop(within limit: Duration) {
        if limit > .zero { runtime.requestShutdown() }
        supervisor.loop.after(limit) { [self] in
            wasForced = true
            runtime.forceOff()
        }
    }

    private func answer(_ client: FileDescriptor, _ text: ControlAnswer) {
        guard let line = try? RecordFile.json(text, pretty: false) else { return }
        try? Files.writeAll(client, line, name: "the control socket")
    }
}

/// What a supervisor is asked on its control socket.
struct ControlRequest: Codable {
    /// How long the guest may take to shut down before it is forced off; 0 forces it at once.
    var stopWithinMilliseconds: Int
}

/// What it answers once the guest has ended.
struct ControlAnswer: Codable {
    var forced: Bool
}
