import CLinux
import DevboxCore
import Glibc
import SystemPackage

/// Both ends of a pipe(2), closed with the object.
public final class Pipe {
    /// What is written at the other end is read here.
    public let readEnd: FileDescriptor
    /// What is written here is read at the other end.
    public let writeEnd: FileDescriptor
    private var readOpen = true
    private var writeOpen = true

    /// Makes a pipe whose ends are close-on-exec.
    public init() throws {
        var ends: [Int32] = [-1, -1]
        try posix("make a pipe") { devbox_pipe(&ends, 0) }
        readEnd = FileDescriptor(rawValue: ends[0])
        writeEnd = FileDescriptor(rawValue: ends[1])
    }

    /// Closes the end that is read from.
    public func closeReadEnd() {
        if readOpen { try? readEnd.close() }
        readOpen = false
    }

    /// Closes the end that is written to.
    public func closeWriteEnd() {
        if writeOpen { try? writeEnd.close() }
        writeOpen = false
    }

    /// How many bytes can be read without waiting.
    public func readableBytes() throws -> Int {
        var count: Int32 = 0
        try posix("look into a pipe") { ioctl(readEnd.rawValue, UInt(FIONREAD), &count) }
        return Int(count)
    }

    deinit {
        closeReadEnd()
        closeWriteEnd()
    }
}
