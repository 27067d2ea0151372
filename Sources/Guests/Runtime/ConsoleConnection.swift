import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// An interactive connection to a running guest's console.
public struct ConsoleConnection {
    private let guest: RunningGuest
    private let console: Console
    /// Ctrl-], as in telnet(1) and `virsh console`.
    private static let escape: UInt8 = 0x1D

    /// - Parameters:
    ///   - guest: the guest, which runs.
    ///   - console: where it says how to leave.
    public init(_ guest: RunningGuest, console: Console) {
        self.guest = guest
        self.console = console
    }

    /// Connects until Ctrl-], or until the guest ends.
    public func run() throws {
        switch guest.state.mode {
        case .kvm: try connect(UnixSocket.connect(guest.files.console))
        case .lxc:
            guard let name = guest.state.container, let folder = guest.state.containerFolder else { return }
            guard isatty(0) == 1 else {
                throw Failure(
                    .usage, "the console of a container needs a terminal",
                    hint: "`devbox console \(guest.record.name) --log` prints what it printed")
            }
            console.say("connected to \(guest.record.name); Ctrl-] q leaves")
            var child = try ChildProcess(LXC.connect(name, in: FilePath(folder)), input: .inherit)
            guard let status = try child.wait(interruptible: false), status.isSuccess else {
                throw Failure(.failure, "the console of \(guest.record.name) cannot be connected to")
            }
        }
    }

    private func connect(_ socket: FileDescriptor) throws {
        defer { try? socket.close() }
        console.say("connected to \(guest.record.name); Ctrl-] leaves")
        let terminal = RawTerminal()
        defer { terminal?.restore() }
        while true {
            let ready = try Poll.wait([.read(.standardInput), .read(socket)], interruptible: true)
            if ready[1], try !Splice.pass(from: socket, to: .standardOutput) { return }
            if ready[0] {
                var buffer = [UInt8](repeating: 0, count: 4096)
                let count = buffer.withUnsafeMutableBytes { read(0, $0.baseAddress, $0.count) }
                if count <= 0 { return }
                let typed = buffer[0..<count]
                try Files.writeAll(socket, Array(typed.prefix { $0 != Self.escape }), name: "the console")
                if typed.contains(Self.escape) { return }
            }
        }
    }
}

/// The terminal at standard input in raw mode: every key goes to the guest.
package struct RawTerminal {
    private let before: termios

    /// nil where standard input is no terminal.
    package init?() {
        var settings = termios()
        guard tcgetattr(0, &settings) == 0 else { return nil }
        before = settings
        cfmakeraw(&settings)
        tcsetattr(0, TCSANOW, &settings)
    }

    /// As it was.
    package func restore() {
        var settings = before
        tcsetattr(0, TCSANOW, &settings)
    }
}
