import CLinux
import DevboxCore
import Glibc
import HostTools
import QMP
import SystemPackage

/// The control socket of a supervisor: any number of other devboxes ask at once, and each is answered for itself.
///
/// Nothing here waits for a client. One that says nothing costs a descriptor; one that does not read is dropped when too much
/// is left over for it; one that is gone is forgotten.
final class ControlServer {
    private let socket: FileDescriptor
    private let loop: EventLoop
    private let handle: (ControlRequest, ControlClient) throws -> Void
    private var clients: [ObjectIdentifier: ControlClient] = [:]
    private static let mostClients = 128

    /// Listens at `path`.
    ///
    /// - Parameter handle: is called with every request.
    init(_ path: FilePath, loop: EventLoop, _ handle: @escaping (ControlRequest, ControlClient) throws -> Void) throws {
        (self.loop, self.handle) = (loop, handle)
        socket = try UnixSocket.listen(path)
        loop.watch(socket) { [weak self] in self?.accept() }
    }

    deinit { try? socket.close() }

    /// Says something to all who follow.
    func tellFollowers(_ answer: ControlAnswer) {
        for client in clients.values where client.isFollowing { client.say(answer) }
    }

    private func accept() {
        let number = Glibc.accept(socket.rawValue, nil, nil)
        guard number >= 0 else { return }
        let descriptor = FileDescriptor(rawValue: number)
        guard clients.count < Self.mostClients, devbox_set_cloexec(number, 1) == 0 else {
            try? descriptor.close()
            return
        }
        let client = ControlClient(descriptor, loop: loop) { [weak self] client in
            self?.clients[ObjectIdentifier(client)] = nil
        }
        clients[ObjectIdentifier(client)] = client
        loop.watch(descriptor) { [weak self, weak client] in
            guard let self, let client else { return }
            for request in client.receive() { try handle(request, client) }
        }
    }
}

/// One devbox that is connected to the control socket.
final class ControlClient {
    private let connection: FileDescriptor
    private let loop: EventLoop
    private let gone: (ControlClient) -> Void
    private var lines = LineBuffer(longest: 64 << 10)
    private var unsent: [UInt8] = []
    private var descriptor: FileDescriptor?
    private(set) var isGone = false
    /// Whether it wants to hear of what happens.
    var isFollowing = false
    /// Is called when it is gone.
    var onGone: (() -> Void)?

    /// How many bytes may wait for a client that does not read.
    private static let patience = 256 << 10

    init(_ connection: FileDescriptor, loop: EventLoop, gone: @escaping (ControlClient) -> Void) {
        (self.connection, self.loop, self.gone) = (connection, loop, gone)
    }

    deinit {
        try? descriptor?.close()
        if !isGone { try? connection.close() }
    }

    /// The descriptor that came with the last request; the caller's from now on.
    func takeDescriptor() -> FileDescriptor? {
        defer { descriptor = nil }
        return descriptor
    }

    /// The requests that there are; one that cannot be read ends the connection.
    func receive() -> [ControlRequest] {
        do {
            guard let (bytes, descriptor) = try UnixSocket.receive(connection) else { return [] }
            if let descriptor {
                try? self.descriptor?.close()
                self.descriptor = descriptor
            }
            if bytes.isEmpty { throw Failure(.failure, "it has hung up") }
            return try lines.add(bytes).map { try RecordFile.decode(ControlRequest.self, from: $0) }
        } catch {
            drop()
            return []
        }
    }

    /// Answers, now or as soon as it reads.
    func say(_ answer: some Encodable) {
        guard !isGone, let line = try? RecordFile.json(answer, pretty: false) else { return }
        unsent += line
        flush()
        if unsent.count > Self.patience { drop() }
    }

    /// Answers something short, and hangs up.
    func sayLast(_ answer: some Encodable) {
        say(answer)
        drop()
    }

    /// Answers why something is not done.
    func refuse(_ error: any ReportableError) {
        say(ControlAnswer.refused(code: error.exitCode, message: error.message, hint: error.hint))
    }

    private func flush() {
        do {
            while !unsent.isEmpty, let count = try UnixSocket.send(unsent, to: connection) {
                unsent.removeFirst(count)
            }
        } catch {
            return drop()
        }
        if !unsent.isEmpty { loop.whenWritable(connection) { [weak self] in self?.flush() } }
    }

    private func drop() {
        guard !isGone else { return }
        isGone = true
        loop.ignore(connection)
        try? connection.close()
        onGone?()
        gone(self)
    }
}
