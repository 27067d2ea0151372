import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// What makes plain `ssh GUEST` work.
public enum SSHConfig {
    /// A guest's paragraph for ssh_config(5).
    public static func entry(for guest: GuestRecord, in store: GuestStore) throws -> String {
        let knownHosts = store.files(guest.name).knownHosts
        let line = "\(SSH.hostAlias(guest.id)) \(guest.identity.sshHostKey)\n"
        if (try? Files.text(knownHosts)) != line {
            try Files.writeAtomically(Array(line.utf8), to: knownHosts)
            try store.work.give(knownHosts)
        }
        let proxy = [Files.executable?.string ?? "devbox", "ssh-proxy", "--work", store.work.path.string, guest.name]
            .map(Command.quote)
        let options =
            SSH.options(id: guest.id, port: 22, key: store.work.sshKey, knownHosts: knownHosts)
            .filter { !["HostName", "Port"].contains($0.name) } + [("ProxyCommand", proxy.joined(separator: " "))]
        return "Host \(guest.name)\n" + options.map { "    \($0.name) \($0.value)\n" }.joined()
    }

    /// Connects this process's standard streams to a guest's sshd: over QEMU's port, or with an `sshd -i` in the container.
    ///
    /// - Returns: the status to end with.
    public static func proxy(_ name: String, in store: GuestStore, runner: Runner) throws -> Int32 {
        guard let guest = try RunningGuest(name, in: store) else {
            throw Failure(.notFound, "the guest \(name) is not running", hint: "`devbox start \(name)` starts it")
        }
        if let port = guest.state.sshPort {
            return try Splice.run(with: LoopbackSocket.connect(port: port))
        }
        // sshd's inetd mode: no network is needed in the container.
        let script = "mkdir -p /run/sshd && exec /usr/sbin/sshd -i"
        return try GuestExec(store, runner: runner).run(name, ["/bin/sh", "-c", script], ExecOptions())
    }
}

/// Copies standard input to a socket and the socket to standard output until one of them ends.
enum Splice {
    static func run(with socket: FileDescriptor) throws -> Int32 {
        defer { try? socket.close() }
        var inputOpen = true
        while true {
            var polled = [
                pollfd(fd: inputOpen ? 0 : -1, events: Int16(POLLIN), revents: 0),
                pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: Interrupts.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            if poll(&polled, 3, -1) < 0 { continue }
            if polled[2].revents != 0 { return 130 }
            if polled[0].revents != 0, try !pass(from: FileDescriptor(rawValue: 0), to: socket) {
                inputOpen = false
                shutdown(socket.rawValue, Int32(SHUT_WR))
            }
            if polled[1].revents != 0, try !pass(from: socket, to: FileDescriptor(rawValue: 1)) { return 0 }
        }
    }

    /// Returns false at the end.
    static func pass(from source: FileDescriptor, to target: FileDescriptor) throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = buffer.withUnsafeMutableBytes { read(source.rawValue, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { return true }
        if count <= 0 { return false }
        try Files.writeAll(target, Array(buffer[0..<count]), name: "a connection")
        return true
    }
}
