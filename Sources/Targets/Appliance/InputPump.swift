import CLinux
import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// Passes what is read on to a port of an appliance. The input's end, or `stop`, is the port's: nothing comes behind it.
final class InputPump {
    private let stopping: Pipe
    private let port, source: FileDescriptor
    private let thread: WorkThread<Int64>
    private var isOpen = true

    /// Begins.
    ///
    /// - Parameters:
    ///   - source: stays the caller's, who may close it.
    ///   - port: is closed at the pump's end.
    init(from source: FileDescriptor, to port: FileDescriptor) throws {
        let stopping = try Pipe()
        let copy = FileDescriptor(rawValue: try posix("read standard input") { devbox_dup_above(source.rawValue, 3) })
        (self.stopping, self.port, self.source) = (stopping, port, copy)
        let stop = stopping.readEnd
        thread = try WorkThread { Self.pump(from: copy, to: port, until: stop) }
    }

    /// How many bytes the port has taken; to be asked when it is stopped.
    var sentBytes: Int64 { (try? thread.wait().get()) ?? 0 }

    /// Ends the input; who writes to its source learns that nobody reads it any more.
    func stop() {
        stopping.closeWriteEnd()
        _ = thread.wait()
        if isOpen { try? source.close() }
        isOpen = false
    }

    deinit {
        stop()
        try? port.close()
    }

    private static func pump(from source: FileDescriptor, to port: FileDescriptor, until stop: FileDescriptor) -> Int64
    {
        // Closed, it would take along what was not read yet.
        defer { shutdown(port.rawValue, Int32(SHUT_WR)) }
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
        defer { buffer.deallocate() }
        var total: Int64 = 0
        while !Poll.wait([.read(stop), .read(source)])[0] {
            let count = read(source.rawValue, buffer.baseAddress, buffer.count)
            if count < 0, errno == EINTR || errno == EAGAIN { continue }
            guard count > 0 else { return total }
            var rest = UnsafeRawBufferPointer(rebasing: buffer[..<count])
            while !rest.isEmpty {
                if Poll.wait([.read(stop), .write(port)])[0] { return total }
                let sent = send(
                    port.rawValue, rest.baseAddress, rest.count, Int32(MSG_DONTWAIT))
                if sent < 0, errno == EINTR || errno == EAGAIN { continue }
                guard sent > 0 else { return total }
                rest = UnsafeRawBufferPointer(rebasing: rest.dropFirst(sent))
                total += Int64(sent)
            }
        }
        return total
    }
}
