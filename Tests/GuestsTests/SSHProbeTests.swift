import DevboxCore
import Glibc
import HostTools
import SystemPackage
import Testing

@testable import Guests

@Suite("Waiting for a guest's sshd")
struct SSHProbeTests {
    @Test("a server that greets late is heard, and not kept busy with ever more connections")
    func slowServer() throws {
        let loop = EventLoop()
        let (server, port) = try listen()
        defer { try? server.close() }
        var (accepted, isReady) = ([Int32](), false)
        loop.watch(server) {
            let connection = accept(server.rawValue, nil, nil)
            accepted.append(connection)
            // Longer than the time between two connections.
            loop.after(.milliseconds(600)) { _ = send(connection, "SSH-2.0-x\r\n", 11, Int32(MSG_NOSIGNAL)) }
        }
        let probe = SSHProbe(port: port, loop: loop) {
            isReady = true
            loop.stop()
        }
        loop.after(.seconds(10)) { loop.stop() }
        probe.start()
        try loop.run()
        #expect(isReady)
        #expect(accepted.count <= 3)
        for connection in accepted { close(connection) }
    }

    @Test("the time between connections grows with the guest's slowness")
    func interval() {
        #expect(SSHProbe.interval(after: .zero) == .milliseconds(350))
        #expect(SSHProbe.interval(after: .seconds(9)) == .milliseconds(350))
        #expect(SSHProbe.interval(after: .seconds(60)) == .seconds(2))
    }

    private func listen() throws -> (FileDescriptor, port: Int) {
        let descriptor = FileDescriptor(
            rawValue: try posix("make a socket") { socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0) })
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        try withUnsafeMutablePointer(to: &address) { pointer in
            try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                try posix("bind") { bind(descriptor.rawValue, address, length) }
                try posix("listen") { Glibc.listen(descriptor.rawValue, 16) }
                try posix("find the port") { getsockname(descriptor.rawValue, address, &length) }
            }
        }
        return (descriptor, Int(in_port_t(bigEndian: address.sin_port)))
    }
}
