import CLinux
import DevboxCore
import Glibc
import SystemPackage

/// A file that is written with holes where there would be nothing but zeros: most of a guest's memory is.
final class SparseFile {
    private let file: FileDescriptor
    private let name: String
    private(set) var length: Int64 = 0
    /// Holes are whole blocks of a file system.
    private static let block = 4096
    private static let zeros = [UInt8](repeating: 0, count: block)

    /// - Parameters:
    ///   - file: an empty file that is open for writing; it stays the caller's.
    ///   - name: what it is called in messages.
    init(_ file: FileDescriptor, name: String) { (self.file, self.name) = (file, name) }

    /// Writes bytes at an offset; what was never written is zero.
    func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        var start = 0
        var end = 0
        while end < bytes.count {
            // Up to the end of the block that the next byte falls in.
            let size = min(bytes.count - end, Self.block - Int((offset + Int64(end)) % Int64(Self.block)))
            if isZero(UnsafeRawBufferPointer(rebasing: bytes[end..<end + size])) {
                try put(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), at: offset + Int64(start))
                start = end + size
            }
            end += size
        }
        try put(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), at: offset + Int64(start))
        length = max(length, offset + Int64(bytes.count))
    }

    /// Gives the file its length, with a hole at its end where there is one.
    func finish() throws { try posix("write \(name)") { ftruncate(file.rawValue, off_t(length)) } }

    private func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        Self.zeros.withUnsafeBytes { memcmp($0.baseAddress, bytes.baseAddress, bytes.count) == 0 }
    }

    private func put(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        var done = 0
        while done < bytes.count {
            done += try posix("write \(name)") {
                pwrite(file.rawValue, bytes.baseAddress?.advanced(by: done), bytes.count - done, off_t(offset) + off_t(done))
            }
        }
    }
}
