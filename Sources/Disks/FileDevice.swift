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
        let file = try Self.open(path, writable ? .readWrite : .readOnly)
        self.file = file
        name = path.string
        size = Int64(try posix("look at \(path)") { lseek(file.rawValue, 0, SEEK_END) })
    }

    /// Opens what a disk can be in. A disk that came from outside may name anything as its backing file: a fifo is not waited for.
    ///
    /// - Throws: `DiskError.damaged` for what is neither a file nor a block device.
    static func open(_ path: FilePath, _ mode: FileDescriptor.AccessMode) throws -> FileDescriptor {
        let file = try Files.open(path, mode, .nonBlocking)
        var status = stat()
        guard fstat(file.rawValue, &status) == 0, [S_IFREG, S_IFBLK].contains(status.st_mode & S_IFMT) else {
            try? file.close()
            throw DiskError.damaged(disk: path.string, defect: "it is neither a file nor a block device")
        }
        return file
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
