import Glibc
import SystemPackage

/// Something that holds a disk's bytes.
public protocol BlockDevice: AnyObject {
    /// Its size in bytes.
    var size: Int64 { get }
    /// Fills `buffer` with the bytes from `offset` on.
    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws
    /// Replaces the bytes from `offset` on.
    func write(at offset: Int64, from buffer: UnsafeRawBufferPointer) throws
    /// Makes what was written durable.
    func flush() throws
}

extension BlockDevice {
    /// The bytes of a range.
    public func bytes(at offset: Int64, count: Int) throws -> [UInt8] {
        var result = [UInt8](repeating: 0, count: count)
        try result.withUnsafeMutableBytes { try read(at: offset, into: $0) }
        return result
    }
}
