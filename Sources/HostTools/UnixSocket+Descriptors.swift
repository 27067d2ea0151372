import CLinux
import DevboxCore
import Glibc
import SystemPackage

extension UnixSocket {
    /// Sends bytes without waiting, and a descriptor with them; see SCM_RIGHTS in unix(7).
    ///
    /// - Parameter descriptor: the receiver gets one of its own.
    /// - Returns: how many bytes were taken; nil where the other side has to read first.
    /// - Throws: where the other side is gone.
    public static func send(
        _ bytes: some Collection<UInt8>, descriptor: FileDescriptor? = nil, to socket: FileDescriptor
    ) throws -> Int? {
        let count = Array(bytes).withUnsafeBytes {
            devbox_send(socket.rawValue, $0.baseAddress, $0.count, descriptor?.rawValue ?? -1)
        }
        if count >= 0 { return count }
        if errno == EAGAIN || errno == EINTR { return nil }
        throw failure("write to a socket", Errno(rawValue: errno))
    }

    /// What there is to read now.
    ///
    /// - Returns: the bytes, none at the end, and a descriptor that came with them, which is the caller's; nil where nothing came.
    public static func receive(_ socket: FileDescriptor, atMost limit: Int = 4096) throws
        -> (bytes: [UInt8], descriptor: FileDescriptor?)?
    {
        var buffer = [UInt8](repeating: 0, count: limit)
        var number: Int32 = -1
        let count = buffer.withUnsafeMutableBytes { devbox_receive(socket.rawValue, $0.baseAddress, $0.count, &number) }
        if count >= 0 { return (Array(buffer.prefix(count)), number < 0 ? nil : FileDescriptor(rawValue: number)) }
        if errno == EAGAIN || errno == EINTR { return nil }
        throw failure("read from a socket", Errno(rawValue: errno))
    }
}
