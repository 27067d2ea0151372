import DevboxCore
import Glibc
import SystemPackage

/// A raw disk in a file of the host.
public final class FileDevice: BlockDevice {
    private let file: FileDescriptor
    private let name: String
    /// In bytes, as the file had it when it was opened.
    public let size: Int64

    /// Opens an existing file.
    public init(_ path: FilePath, writable: Bool = false) throws {
        let file = try Files.open(path, writable ? .readWrite : .readOnly)
        self.file = file
        name = path.string
        size = Int64(try posix("look at \(path)") { lseek(file.rawValue, 0, SEEK_END) })
    }

    deinit { try? file.close() }

    /// pread(2), until the buffer is full; throws `DiskError.damaged` where the file is cut off.
    public func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws {
        try checkBounds(offset, buffer.count, name: name)
        var done = 0
        while done < buffer.count {
            let count = try posix("read \(name)") {
                pread(file.rawValue, buffer.baseAddress?.advanced(by: done), buffer.count - done, off_t(offset) + done)
            }
            if count == 0 { throw DiskError.damaged(disk: name, defect: "it is cut off") }
            done += count
        }
    }

    /// pwrite(2), until all is written; the file does not grow.
    public func write(at offset: Int64, from buffer: UnsafeRawBufferPointer) throws {
        try checkBounds(offset, buffer.count, name: name)
        var done = 0
        while done < buffer.count {
            done += try posix("write \(name)") {
                pwrite(file.rawValue, buffer.baseAddress?.advanced(by: done), buffer.count - done, off_t(offset) + done)
            }
        }
    }

    /// fsync(2).
    public func flush() throws { try posix("sync \(name)") { fsync(file.rawValue) } }
}
