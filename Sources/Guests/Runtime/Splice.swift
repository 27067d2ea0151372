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
            // ssh is told of a signal by the status alone: this program has no terminal of its own to say it on.
            let ready = Poll.wait(
                [.read(inputOpen ? .standardInput : nil), .read(socket), .read(Interrupts.descriptor)])
            if ready[2] { return 130 }
            if ready[0], try !pass(from: .standardInput, to: socket) {
                inputOpen = false
                shutdown(socket.rawValue, Int32(SHUT_WR))
            }
            if ready[1], try !pass(from: socket, to: .standardOutput) { return 0 }
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
