import CLinux
import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// A connection to a QEMU monitor. QEMU serves one at a time: whoever holds it asks for all others.
///
/// At first it asks and waits, which is what the start of a machine needs. Once `attach` has given it to an event loop nothing
/// of it waits any more: answers find their question by its id, in whatever order they come, and events go to their receiver.
public final class QMPClient {
    /// What becomes of a command.
    public typealias Answer = Result<JSONValue, QMPError>

    private let connection: FileDescriptor
    private var lines = LineBuffer()
    private var lastID: Int64 = 0
    private var asked: [Int64: (command: String, then: (Answer) -> Void)] = [:]
    private var events: [QMPEvent] = []
    private var isGreeted = false
    private var hasEnded = false
    private weak var loop: EventLoop?
    private var receiver: ((QMPEvent) throws -> Void)?

    /// Negotiates over a connected socket, which the client then owns.
    public init(_ connection: FileDescriptor, limit: Duration = .seconds(10)) throws {
        self.connection = connection
        let deadline = ContinuousClock.now + limit
        while !isGreeted {
            guard try waitForBytes(until: deadline) else { throw QMPError.silent(command: "the greeting") }
        }
        try execute(QMPCommand("qmp_capabilities"), limit: limit)
    }

    /// Takes over a connection on which everything has been negotiated already.
    init(negotiated connection: FileDescriptor) { self.connection = connection }

    deinit { try? connection.close() }

    /// Runs a command and waits for its answer. Events that come meanwhile are kept for `event`, or for the loop.
    ///
    /// - Parameter limit: how long the answer may take.
    /// - Throws: `QMPError`.
    @discardableResult
    public func execute(_ command: QMPCommand, limit: Duration = .seconds(10)) throws -> JSONValue {
        var answer: Answer?
        let id = try ask(command, nil) { answer = $0 }
        let deadline = ContinuousClock.now + limit
        while answer == nil {
            guard try waitForBytes(until: deadline) else {
                asked[id] = nil
                throw QMPError.silent(command: command.name)
            }
        }
        return try answer?.get() ?? .null
    }

    /// The next event; nil when the time ran out. Not for a client that an event loop has.
    public func event(until deadline: ContinuousClock.Instant) throws -> QMPEvent? {
        while events.isEmpty {
            guard try waitForBytes(until: deadline) else { return nil }
        }
        return events.removeFirst()
    }

    /// Leaves the connection to an event loop.
    ///
    /// - Parameter receiver: is called for every event, those included that came before.
    public func attach(to loop: EventLoop, _ receiver: @escaping (QMPEvent) throws -> Void) {
        self.loop = loop
        self.receiver = receiver
        loop.after(.zero) { [weak self] in try self?.deliver() }
        loop.watch(connection) { [weak self] in
            guard let self else { return }
            // The end of QEMU is told by its process; here it only ends what was asked.
            do { try receive() } catch is QMPError { end() }
            try deliver()
        }
    }

    /// Runs a command, and calls `then` with its answer from the event loop.
    ///
    /// - Parameters:
    ///   - descriptor: goes along with the command, as `getfd` wants it; the caller keeps its own.
    ///   - limit: after it the answer is `silent`, and a later one is passed over.
    public func send(
        _ command: QMPCommand, descriptor: FileDescriptor? = nil, limit: Duration = .seconds(10),
        then: @escaping (Answer) -> Void = { _ in }
    ) {
        do {
            let id = try ask(command, descriptor, then)
            loop?.after(limit) { [weak self] in
                self?.asked.removeValue(forKey: id)?.then(.failure(.silent(command: command.name)))
            }
        } catch {
            then(.failure(error))
        }
    }

    private func ask(
        _ command: QMPCommand, _ descriptor: FileDescriptor?, _ then: @escaping (Answer) -> Void
    ) throws(QMPError) -> Int64 {
        guard !hasEnded else { throw .ended }
        lastID += 1
        let line = command.line(id: .integer(lastID))
        let count = line.withUnsafeBytes {
            devbox_send(connection.rawValue, $0.baseAddress, $0.count, descriptor?.rawValue ?? -1)
        }
        // Some hundred bytes: they are taken as a whole, unless QEMU has not read its monitor for very long.
        guard count == line.count else {
            if count < 0, errno == EAGAIN { throw .silent(command: command.name) }
            end()
            throw .ended
        }
        asked[lastID] = (command.name, then)
        return lastID
    }

    private func waitForBytes(until deadline: ContinuousClock.Instant) throws -> Bool {
        guard try Poll.wait([.read(connection)], until: deadline, interruptible: true)[0] else { return false }
        try receive()
        return true
    }

    private func receive() throws {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = buffer.withUnsafeMutableBytes {
            recv(connection.rawValue, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
        }
        if count < 0, errno == EINTR || errno == EAGAIN { return }
        // A QEMU that ends with something unread resets the connection.
        guard count > 0 else { throw QMPError.ended }
        guard let complete = try? lines.add(buffer[0..<count]) else { throw QMPError.ended }
        for message in complete.compactMap({ QMPMessage(line: $0) }) {
            switch message {
            case .greeting: isGreeted = true
            case .event(let name, let data): events.append(QMPEvent(name: name, data: data))
            case .success(let id, let value): answer(id, .success(value))
            case .failure(let id, _, let reason):
                answer(id) { .failure(.refused(command: $0, reason: reason)) }
            }
        }
    }

    private func answer(_ id: JSONValue?, _ result: Answer) { answer(id) { _ in result } }

    private func answer(_ id: JSONValue?, _ result: (String) -> Answer) {
        guard let number = id?.integer, let question = asked.removeValue(forKey: number) else { return }
        question.then(result(question.command))
    }

    private func deliver() throws {
        while !events.isEmpty, let receiver { try receiver(events.removeFirst()) }
    }

    private func end() {
        hasEnded = true
        loop?.ignore(connection)
        let unanswered = asked
        asked = [:]
        for question in unanswered.values { question.then(.failure(.ended)) }
    }
}

/// Something that happened in a machine. Source: QEMU's qapi/run-state.json and qapi/dump.json.
public struct QMPEvent: Sendable, Equatable {
    /// SHUTDOWN, RESET, STOP, GUEST_PANICKED, DUMP_COMPLETED, …
    public let name: String
    /// What comes with it; an empty object where nothing does.
    public let data: JSONValue

    /// - Parameters:
    ///   - name: as QEMU calls it.
    ///   - data: what comes with it.
    public init(name: String, data: JSONValue) { (self.name, self.data) = (name, data) }
}
