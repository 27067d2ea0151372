import DevboxCore
import Glibc
import HostTools
import QMP
import SystemPackage

/// A connection to a running guest's supervisor.
public struct GuestConnection: ~Copyable {
    private let socket: FileDescriptor
    private let name: String
    private var lines = LineBuffer(longest: 1 << 20)
    private var waiting: [ControlAnswer] = []
    /// Whether the supervisor has hung up: the guest has ended.
    public private(set) var hasEnded = false

    /// Connects.
    ///
    /// - Throws: `notFound`, where the guest does not run any more.
    package init(_ files: GuestFiles) throws {
        guard let socket = try? UnixSocket.connect(files.control) else {
            throw Failure(.notFound, "the guest \(files.name) is not running")
        }
        (self.socket, name) = (socket, files.name)
    }

    deinit { try? socket.close() }

    /// Readable when there is something to read, or at the end.
    var descriptor: Int32 { socket.rawValue }

    /// Asks.
    ///
    /// - Parameter descriptor: goes along with the request; the caller keeps its own.
    func send(_ request: ControlRequest, descriptor: FileDescriptor? = nil) throws {
        let line = try RecordFile.json(request, pretty: false)
        // The supervisor may be ending at this moment; what it said before can still be read.
        guard let count = try? UnixSocket.send(line, descriptor: descriptor, to: socket), count == line.count else {
            throw Failure(
                .failure, "the supervisor of \(name) does not listen", hint: "`devbox list` shows whether it runs")
        }
    }

    /// What is said next; nil when the time ran out, when one of `others` became readable, and at the end (`hasEnded`).
    ///
    /// - Throws: what the supervisor refuses a request with; `interrupted`.
    package mutating func next(until deadline: ContinuousClock.Instant? = nil, others: [Int32] = []) throws
        -> ControlAnswer?
    {
        while waiting.isEmpty {
            if hasEnded { return nil }
            let ready = try Poll.wait(
                [.read(socket)] + others.map { .read($0) }, until: deadline, interruptible: true)
            // What was said comes first; else the time ran out, or it is one of the others.
            guard ready[0] else { return nil }
            receive()
        }
        let answer = waiting.removeFirst()
        if case .refused(let code, let message, let hint) = answer { throw Failure(code, message, hint: hint) }
        return answer
    }

    /// Begins to follow, and gives back how the guest is at this moment.
    ///
    /// - Throws: where the supervisor is of a devbox that does not know this request.
    package mutating func follow() throws -> GuestCondition { try ask(.follow) }

    /// How the guest is.
    mutating func condition() throws -> GuestCondition { try ask(.condition) }

    private mutating func ask(_ request: ControlRequest) throws -> GuestCondition {
        try send(request)
        let deadline = ContinuousClock.now + .seconds(5)
        while let answer = try next(until: deadline) {
            if case .condition(let condition) = answer { return condition }
        }
        throw Failure(
            .failure, "the supervisor of \(name) \(hasEnded ? "hung up" : "did not answer")",
            hint: "one that an earlier devbox started knows less: restart the guest")
    }

    private mutating func receive() {
        do {
            guard let received = try UnixSocket.receive(socket, atMost: 64 << 10) else { return }
            try? received.descriptor?.close()
            if received.bytes.isEmpty { hasEnded = true }
            // A newer supervisor may tell more than this devbox knows.
            waiting += try lines.add(received.bytes).compactMap { try? RecordFile.decode(ControlAnswer.self, from: $0) }
        } catch {
            hasEnded = true
        }
    }
}

extension RunningGuest {
    /// Connects to its supervisor.
    package func connect() throws -> GuestConnection { try GuestConnection(files) }

    /// How its kernel is; an ordinary one where the supervisor does not tell.
    public func condition() -> GuestCondition {
        guard var connection = try? connect(), let condition = try? connection.condition() else {
            return GuestCondition()
        }
        return condition
    }

    /// Why its kernel does not answer now; nil where it should. Whoever asks something of it all the same waits in vain.
    public var silence: Silence? {
        let condition = condition()
        if condition.isCrashKernel { return .savesDump }
        if condition.isDumping { return .isDumped }
        return condition.panic != nil || condition.isPaused ? .standsStill(condition.state) : nil
    }

    /// Why a kernel does not answer.
    public enum Silence: Sendable, Equatable {
        /// Its crash kernel runs.
        case savesDump
        /// A dump of it is being taken from outside.
        case isDumped
        /// It is paused, or has panicked.
        case standsStill(String)

        /// What a guest's name stands before.
        public var words: String {
            switch self {
            case .savesDump: "is saving a dump right now"
            case .isDumped: "is being dumped right now"
            case .standsStill(let state): "does not answer: it is \(state)"
            }
        }
    }
}
