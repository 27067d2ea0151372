import CLinux
import DevboxCore
import Glibc
import SystemPackage

/// A new file that is written at any place; what is zero is left out of it, block by block.
struct SparseFile {
    private let file: FileDescriptor
    private let name: String
    /// Where the last byte so far ends.
    private(set) var end: Int64 = 0
    /// The largest that it may become, in bytes.
    let limit: Int64
    private static let block = 4096
    /// Where the disk has not been told yet to take what was written, and how much that is.
    private var waiting = Int64.max..<Int64.max
    private var waitingBytes: Int64 = 0
    private static let worthTelling: Int64 = 8 << 20

    init(_ file: FileDescriptor, name: String, limit: Int64) {
        (self.file, self.name, self.limit) = (file, name, limit)
    }

    /// Whether a stretch may be written.
    func allows(_ offset: Int64, _ count: Int64) -> Bool {
        offset >= 0 && count >= 0 && count <= limit && offset <= limit - count
    }

    /// Writes bytes at a place.
    mutating func write(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        guard allows(offset, Int64(bytes.count)) else {
            throw VmcoreError.damaged("it would become larger than \(ByteSize.text(limit))")
        }
        // A block that was written before may have to become zero again.
        let isNew = offset >= end
        var at = 0
        while at < bytes.count {
            let start = at
            var isZero = false
            while at < bytes.count {
                let count = min(bytes.count - at, Self.block - Int((offset + Int64(at)) % Int64(Self.block)))
                let zero = isNew && Self.isZero(UnsafeRawBufferPointer(rebasing: bytes[at..<(at + count)]))
                if at == start { isZero = zero } else if zero != isZero { break }
                at += count
            }
            if !isZero {
                try writeAll(UnsafeRawBufferPointer(rebasing: bytes[start..<at]), at: offset + Int64(start))
            }
        }
        end = max(end, offset + Int64(bytes.count))
    }

    /// Leaves a stretch out, which is zero then.
    mutating func skip(at offset: Int64, _ count: Int64) throws {
        guard allows(offset, count) else {
            throw VmcoreError.damaged("it would become larger than \(ByteSize.text(limit))")
        }
        // What was written there before becomes zero again, without taking room: a small file may ask for it over and over.
        let written = max(min(end, offset + count) - offset, 0)
        if written > 0 {
            try posix("write \(name)") { devbox_punch_hole(file.rawValue, off_t(offset), off_t(written)) }
        }
        end = max(end, offset + count)
    }

    /// Gives it its size: what is left out at its end is part of it too.
    func finish() throws { try posix("write \(name)") { ftruncate(file.rawValue, off_t(end)) } }

    private mutating func writeAll(_ bytes: UnsafeRawBufferPointer, at offset: Int64) throws {
        var done = 0
        while done < bytes.count {
            done += try posix("write \(name)") {
                pwrite(file.rawValue, bytes.baseAddress?.advanced(by: done), bytes.count - done, off_t(offset) + done)
            }
        }
        writeOut(offset, Int64(bytes.count))
    }

    /// Has the disk take what was written while more is still coming, so that the sync at the end does not wait for all of it.
    private mutating func writeOut(_ offset: Int64, _ count: Int64) {
        waiting = min(offset, waiting.lowerBound)..<max(offset + count, waiting.isEmpty ? 0 : waiting.upperBound)
        waitingBytes += count
        if waitingBytes >= Self.worthTelling {
            devbox_begin_writing_out(file.rawValue, off_t(waiting.lowerBound), off_t(waiting.count))
            (waiting, waitingBytes) = (Int64.max..<Int64.max, 0)
        }
    }

    private static func isZero(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let base = bytes.baseAddress, bytes.count > 0, bytes[0] == 0 else { return false }
        return memcmp(base, base + 1, bytes.count - 1) == 0
    }
}
