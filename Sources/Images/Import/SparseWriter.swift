import DevboxCore
import Glibc
import SystemPackage

/// A new file that is written from its beginning to its end; what is zero is left out of it, so that a disk takes no more room than it
/// holds.
struct SparseWriter: ~Copyable {
    private let file: FileDescriptor
    private let name: String
    private let limit: Int64
    /// How much of it there is, in bytes.
    private(set) var size: Int64 = 0
    private static let block = 4096

    /// - Parameter limit: how large it may become, in bytes.
    init(_ path: FilePath, limit: Int64) throws {
        file = try Files.open(path, .writeOnly, [.create, .exclusiveCreate])
        (name, self.limit) = (path.string, limit)
    }

    deinit { try? file.close() }

    mutating func append(_ bytes: UnsafeRawBufferPointer) throws {
        guard Int64(bytes.count) <= limit - size else {
            throw Failure(.badInput, "it unpacks to more than the \(ByteSize.text(limit)) that a disk may have")
        }
        var at = 0
        while at < bytes.count {
            let start = at
            let isZero = Self.isZero(bytes, at)
            while at < bytes.count, at == start || Self.isZero(bytes, at) == isZero { at += Self.block }
            at = min(at, bytes.count)
            if isZero { continue }
            var done = start
            while done < at {
                done += try posix("write \(name)") {
                    pwrite(file.rawValue, bytes.baseAddress?.advanced(by: done), at - done, off_t(size) + done)
                }
            }
        }
        size += Int64(bytes.count)
    }

    private static func isZero(_ bytes: UnsafeRawBufferPointer, _ start: Int) -> Bool {
        let count = min(block, bytes.count - start)
        guard bytes[start] == 0, let base = bytes.baseAddress?.advanced(by: start) else { return false }
        return memcmp(base, base + 1, count - 1) == 0
    }

    /// Gives it its size: what is left out at its end is part of it too.
    func finish() throws { try posix("write \(name)") { ftruncate(file.rawValue, off_t(size)) } }
}
