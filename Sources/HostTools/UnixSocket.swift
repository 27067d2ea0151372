import CLinux
import DevboxCore
import Glibc
import SystemPackage

/// Stream sockets of the Unix domain.
///
/// A socket's path holds at most 107 bytes (unix(7)). A work directory may lie deeper, so the socket's folder is opened and
/// the socket reached through /proc/self/fd.
public enum UnixSocket {
    /// Connects to a listening socket.
    public static func connect(_ path: FilePath) throws -> FileDescriptor {
        try withAddress(path) { descriptor, address, length in
            try posix("connect to \(path)") { Glibc.connect(descriptor.rawValue, address, length) }
        }
    }

    /// Makes a socket at `path` and listens on it.
    public static func listen(_ path: FilePath) throws -> FileDescriptor {
        try Files.remove(path)
        return try withAddress(path) { descriptor, address, length in
            try posix("bind \(path)") { Glibc.bind(descriptor.rawValue, address, length) }
            try posix("listen on \(path)") { Glibc.listen(descriptor.rawValue, 16) }
        }
    }

    /// Makes a datagram socket at `path`, for messages such as those of sd_notify(3).
    public static func datagram(_ path: FilePath) throws -> FileDescriptor {
        try withAddress(path, type: SOCK_DGRAM) { descriptor, address, length in
            try posix("bind \(path)") { Glibc.bind(descriptor.rawValue, address, length) }
        }
    }

    /// The process at the other end of a connection, by its number where this process is; for a server, who began to listen. See SO_PEERCRED in
    /// unix(7).
    public static func peer(of connection: FileDescriptor) throws -> pid_t {
        try posix("ask who answers on a socket") { devbox_peer_process(connection.rawValue) }
    }

    private static func withAddress(
        _ path: FilePath, type: __socket_type = SOCK_STREAM,
        _ body: (FileDescriptor, UnsafePointer<sockaddr>, socklen_t) throws -> Void
    ) throws -> FileDescriptor {
        let folder = try Files.open(path.removingLastComponent(), .readOnly, .directory)
        defer { try? folder.close() }
        let name = "/proc/self/fd/\(folder.rawValue)/\(path.lastComponent?.string ?? "")"
        let type = Int32(type.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let descriptor = FileDescriptor(rawValue: try posix("make a socket") { socket(AF_UNIX, type, 0) })
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        let bytes = Array(name.utf8)
        do {
            guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
                throw Failure(.failure, "the socket's name \(path) is too long")
            }
            withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
            try withUnsafePointer(to: &address) { pointer in
                try pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    try body(descriptor, $0, socklen_t(MemoryLayout<sockaddr_un>.size))
                }
            }
            return descriptor
        } catch {
            try? descriptor.close()
            throw error
        }
    }
}
