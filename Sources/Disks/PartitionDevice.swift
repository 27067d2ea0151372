/// A part of a disk as a disk of its own.
public final class PartitionDevice: BlockDevice {
    private let disk: any BlockDevice
    private let offset: Int64
    /// The partition's size in bytes.
    public let size: Int64

    /// - Parameters:
    ///   - disk: the whole disk.
    ///   - extent: where the part is.
    public init(of disk: any BlockDevice, at extent: DiskExtent) throws {
        guard extent.offset >= 0, extent.size > 0, extent.size <= disk.size, extent.offset <= disk.size - extent.size
        else {
            throw DiskError.damaged(disk: "partition", defect: "it reaches beyond the disk's end")
        }
        self.disk = disk
        offset = extent.offset
        size = extent.size
    }

    /// Reads from the disk below; `offset` counts from the partition's first byte.
    public func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws {
        try checkBounds(offset, buffer.count, name: "partition")
        try disk.read(at: self.offset + offset, into: buffer)
    }

    /// Writes to the disk below; `offset` counts from the partition's first byte.
    public func write(at offset: Int64, from buffer: UnsafeRawBufferPointer) throws {
        try checkBounds(offset, buffer.count, name: "partition")
        try disk.write(at: self.offset + offset, from: buffer)
    }

    /// Makes the disk below durable.
    public func flush() throws { try disk.flush() }
}

/// A part of a disk, in bytes.
public struct DiskExtent: Sendable, Equatable, Codable {
    /// Its first byte, counted from the disk's beginning.
    public var offset: Int64
    /// How many bytes it has.
    public var size: Int64

    /// - Parameters:
    ///   - offset: its first byte.
    ///   - size: how many bytes it has.
    public init(offset: Int64, size: Int64) {
        self.offset = offset
        self.size = size
    }
}
