import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// Asks a loopback port again and again, without blocking, until an ssh server greets from behind it.
///
/// QEMU accepts the connection at once, whether the guest listens or not; only sshd sends something. A connection that was
/// made before the guest had a network may never be answered, so there are new ones all the time; and the earlier ones stay,
/// for an emulated sshd may take a second to greet. Given up sooner, each would only make the next one slower: an arm64 guest
/// was up for half a minute before it was seen.
final class SSHProbe {
    private let port: Int
    private let loop: EventLoop
    private let ready: () -> Void
    private let started = ContinuousClock.now
    private var sockets: [FileDescriptor] = []
    /// Counts what was scheduled, so that only the latest is done.
    private var round = 0

    /// How many connections wait at a time.
    private static let most = 4

    init(port: Int, loop: EventLoop, ready: @escaping () -> Void) {
        (self.port, self.loop, self.ready) = (port, loop, ready)
    }

    func start() { ask() }

    /// How long until the next connection: the slower the guest, the longer.
    static func interval(after elapsed: Duration) -> Duration { max(.milliseconds(350), elapsed / 30) }

    private func ask() {
        if sockets.count >= Self.most { drop(sockets[0]) }
        if let socket = try? LoopbackSocket.connect(port: port) {
            sockets.append(socket)
            loop.watch(socket) { [self] in hear(socket) }
        }
        next(after: Self.interval(after: .now - started))
    }

    private func next(after delay: Duration) {
        round += 1
        let current = round
        loop.after(delay) { [self] in
            if round == current { ask() }
        }
    }

    private func hear(_ socket: FileDescriptor) {
        var buffer = [UInt8](repeating: 0, count: 64)
        let count = buffer.withUnsafeMutableBytes {
            recv(socket.rawValue, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
        }
        // Told of the one that had this number before.
        if count < 0, errno == EAGAIN { return }
        let isGreeting = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).hasPrefix("SSH-")
        drop(socket)
        // Refused: the guest is up, and sshd about to be.
        guard isGreeting else { return next(after: .milliseconds(100)) }
        round += 1
        for socket in sockets { drop(socket) }
        ready()
    }

    private func drop(_ socket: FileDescriptor) {
        loop.ignore(socket)
        try? socket.close()
        sockets.removeAll { $0 == socket }
    }
}
