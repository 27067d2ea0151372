import DevboxCore
import Glibc
import SystemPackage

/// Where the bytes of a stream come from: fills as much of a buffer as it can, and returns how much that was; 0 is the end.
public typealias ByteSource = (UnsafeMutableRawBufferPointer) throws -> Int

/// A part of an open file, read without moving the file's position.
public struct FileStretch: Sendable {
    /// The file; it stays the caller's, who keeps it open.
    public let file: FileDescriptor
    /// What messages call the file.
    public let name: String
    /// Where the part begins, in bytes.
    public let offset: Int64
    /// How long it is, in bytes.
    public let size: Int64

    /// - Parameters:
    ///   - file: an open file.
    ///   - name: what messages call it.
    ///   - offset: where the part begins, in bytes.
    ///   - size: how long it is, in bytes.
    public init(_ file: FileDescriptor, name: String, offset: Int64, size: Int64) {
        self.file = file
        self.name = name
        self.offset = offset
        self.size = size
    }

    /// Reads at a place of the part, all that was asked for or what there is before its end.
    ///
    /// - Throws: `badInput`, where the file has become shorter.
    public func read(at position: Int64, into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let wanted = Int(min(Int64(buffer.count), size - position))
        guard position >= 0, wanted > 0 else { return 0 }
        var done = 0
        while done < wanted {
            let count = try posix("read \(name)") {
                pread(
                    file.rawValue, buffer.baseAddress?.advanced(by: done), wanted - done,
                    Int(offset + position) + done)
            }
            guard count > 0 else { throw Failure(.badInput, "\(name) is truncated") }
            done += count
        }
        return done
    }

    /// Some bytes of the part, fewer at its end.
    public func bytes(at position: Int64, count: Int) throws -> [UInt8] {
        try [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
            filled = try read(at: position, into: UnsafeMutableRawBufferPointer(buffer))
        }
    }

    /// The part from its beginning to its end.
    public func source() -> ByteSource {
        var position: Int64 = 0
        return { buffer in
            let count = try read(at: position, into: buffer)
            position += Int64(count)
            return count
        }
    }
}
