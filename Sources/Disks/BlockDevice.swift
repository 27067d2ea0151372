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
    /// Throws where a range is not inside. Numbers out of a hostile disk come in any size, so nothing may overflow here.
    func checkBounds(_ offset: Int64, _ count: Int, name: String) throws {
        guard offset >= 0, Int64(count) <= size, offset <= size - Int64(count) else {
            throw DiskError.damaged(disk: name, defect: "byte \(offset) is behind its end")
        }
    }

    /// The bytes of a range.
    public func bytes(at offset: Int64, count: Int) throws -> [UInt8] {
        var result = [UInt8](repeating: 0, count: count)
        try result.withUnsafeMutableBytes { try read(at: offset, into: $0) }
        return result
    }
}
