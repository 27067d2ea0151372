import DevboxCore
import Glibc
import SystemPackage

/// TCP on 127.0.0.1.
public enum LoopbackSocket {
    /// Connects to a port of this machine.
    public static func connect(port: Int) throws -> FileDescriptor {
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = FileDescriptor(rawValue: try posix("make a socket") { socket(AF_INET, type, 0) })
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(truncatingIfNeeded: port).bigEndian
        address.sin_addr.s_addr = in_addr_t(0x7F00_0001).bigEndian
        do {
            _ = try withUnsafePointer(to: &address) { pointer in
                try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                    try posix("connect to port \(port)") {
                        Glibc.connect(descriptor.rawValue, address, socklen_t(MemoryLayout<sockaddr_in>.size))
                    }
                }
            }
            return descriptor
        } catch {
            try? descriptor.close()
            throw error
        }
    }
}
