import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// Copies standard input to a socket and the socket to standard output until one of them ends.
package enum Splice {
    package static func run(with socket: FileDescriptor) throws -> Int32 {
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
    package static func pass(from source: FileDescriptor, to target: FileDescriptor) throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = buffer.withUnsafeMutableBytes { read(source.rawValue, $0.baseAddress, $0.count) }
        if count < 0, errno == EINTR { return true }
        if count <= 0 { return false }
        try Files.writeAll(target, Array(buffer[0..<count]), name: "a connection")
        return true
    }
}
