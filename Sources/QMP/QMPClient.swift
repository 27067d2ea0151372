import DevboxCore
import Glibc
import SystemPackage

/// A connection to a QEMU monitor that asks and waits.
public final class QMPClient {
    private let connection: FileDescriptor
    private var lines = LineBuffer()
    private var waiting: [QMPMessage] = []
    private var lastID: Int64 = 0

    /// Negotiates over a connected socket, which the client then owns.
    public init(_ connection: FileDescriptor, limit: Duration = .seconds(10)) throws {
        self.connection = connection
        let deadline = ContinuousClock.now + limit
        while true {
            guard let message = try next(until: deadline) else { throw QMPError.silent(command: "the greeting") }
            if case .greeting = message { break }
        }
        try execute(QMPCommand("qmp_capabilities"), limit: limit)
    }

    deinit { try? connection.close() }

    /// Runs a command and gives back its answer. Events that come meanwhile are kept for `event`.
    @discardableResult
    public func execute(_ command: QMPCommand, limit: Duration = .seconds(10)) throws -> JSONValue {
        lastID += 1
        let id = JSONValue.integer(lastID)
        do {
            try Files.writeAll(connection, command.line(id: id), name: "the monitor")
        } catch {
            throw QMPError.ended
        }
        let deadline = ContinuousClock.now + limit
        var events: [QMPMessage] = []
        defer { waiting = events + waiting }
        while let message = try next(until: deadline) {
            switch message {
            case .success(id, let value): return value
            case .failure(id, _, let reason): throw QMPError.refused(command: command.name, reason: reason)
            case .event: events.append(message)
            default: break
            }
        }
        throw QMPError.silent(command: command.name)
    }

    /// The next event; nil when the time ran out.
    public func event(until deadline: ContinuousClock.Instant) throws -> (name: String, data: JSONValue)? {
        while let message = try next(until: deadline) {
            if case .event(let name, let data) = message { return (name, data) }
        }
        return nil
    }

    private func next(until deadline: ContinuousClock.Instant) throws -> QMPMessage? {
        while true {
            if !waiting.isEmpty { return waiting.removeFirst() }
            try Interrupts.check()
            var polled = [
                pollfd(fd: connection.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: Interrupts.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&polled, 2, (deadline - .now).milliseconds) == 0 { return nil }
            guard polled[0].revents != 0 else { continue }
            var buffer = [UInt8](repeating: 0, count: 64 << 10)
            let count = buffer.withUnsafeMutableBytes { read(connection.rawValue, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            // A QEMU that ends with something unread resets the connection.
            if count <= 0 { throw QMPError.ended }
            waiting += try lines.add(buffer[0..<count]).compactMap { QMPMessage(line: $0) }
        }
    }
}
