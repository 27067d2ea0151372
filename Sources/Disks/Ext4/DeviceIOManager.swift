import CExt2FS
import Glibc

/// A libext2fs I/O manager that reads and writes a `BlockDevice`: so the file system on a qcow2 disk is edited in process,
/// without a mount, without root, and with links resolved inside the disk.
///
/// Source: lib/ext2fs/ext2_io.h of e2fsprogs.
final class DeviceIOManager {
    let device: any BlockDevice
    /// Why the device failed last; libext2fs passes on a number only.
    private(set) var failure: (any Error)?
    /// The table of functions, which libext2fs keeps a pointer to while the file system is open.
    let table: UnsafeMutablePointer<struct_io_manager>

    init(_ device: any BlockDevice) {
        self.device = device
        table = .allocate(capacity: 1)
        table.initialize(to: struct_io_manager())
        table.pointee.magic = devbox_ext2_io_manager_magic()
        table.pointee.open = openChannel
        table.pointee.close = closeChannel
        table.pointee.set_blksize = setBlockSize
        table.pointee.read_blk = { read($0, UInt64($1), $2, $3) }
        table.pointee.write_blk = { write($0, UInt64($1), $2, $3) }
        table.pointee.read_blk64 = read
        table.pointee.write_blk64 = write
        table.pointee.flush = flushChannel
        table.pointee.write_byte = writeBytes
    }

    deinit { table.deallocate() }

    /// What ext2fs_open(3) is given as the device's name, for `openChannel` to find this object by.
    var name: String { String(UInt(bitPattern: Unmanaged.passUnretained(self).toOpaque())) }

    fileprivate static func of(_ channel: io_channel) -> DeviceIOManager? {
        channel.pointee.private_data.map { Unmanaged<DeviceIOManager>.fromOpaque($0).takeUnretainedValue() }
    }

    fileprivate func attempt(_ body: () throws -> Void) -> errcode_t {
        do {
            try body()
            return 0
        } catch {
            failure = error
            return errcode_t(EIO)
        }
    }
}

private func openChannel(_ name: UnsafePointer<CChar>?, _ flags: Int32, _ result: UnsafeMutablePointer<io_channel?>?)
    -> errcode_t
{
    guard let name, let address = UInt(String(cString: name)), let manager = UnsafeRawPointer(bitPattern: address)
    else {
        return errcode_t(EINVAL)
    }
    // libext2fs frees neither the channel nor its name; closeChannel does.
    let channel = UnsafeMutablePointer<struct_io_channel>.allocate(capacity: 1)
    channel.initialize(to: struct_io_channel())
    channel.pointee.magic = devbox_ext2_io_channel_magic()
    channel.pointee.manager = Unmanaged<DeviceIOManager>.fromOpaque(manager).takeUnretainedValue().table
    channel.pointee.name = strdup(name)
    channel.pointee.block_size = 1024
    channel.pointee.refcount = 1
    channel.pointee.private_data = UnsafeMutableRawPointer(mutating: manager)
    result?.pointee = channel
    return 0
}

private func closeChannel(_ channel: io_channel?) -> errcode_t {
    guard let channel else { return 0 }
    channel.pointee.refcount -= 1
    if channel.pointee.refcount > 0 { return 0 }
    free(channel.pointee.name)
    channel.deallocate()
    return 0
}

private func setBlockSize(_ channel: io_channel?, _ size: Int32) -> errcode_t {
    channel?.pointee.block_size = size
    return 0
}

/// A block number out of a hostile file system may be too large for any disk.
private func byteOffset(_ channel: io_channel, _ block: UInt64) -> Int64? {
    let (offset, overflow) = block.multipliedReportingOverflow(by: UInt64(channel.pointee.block_size))
    return overflow ? nil : Int64(exactly: offset)
}

/// A negative count is a number of bytes, a positive one of blocks.
private func byteCount(_ channel: io_channel, _ count: Int32) -> Int {
    count < 0 ? -Int(count) : Int(count) * Int(channel.pointee.block_size)
}

private func read(_ channel: io_channel?, _ block: UInt64, _ count: Int32, _ data: UnsafeMutableRawPointer?)
    -> errcode_t
{
    guard let channel, let data, let manager = DeviceIOManager.of(channel), let offset = byteOffset(channel, block)
    else {
        return errcode_t(EINVAL)
    }
    let buffer = UnsafeMutableRawBufferPointer(start: data, count: byteCount(channel, count))
    return manager.attempt { try manager.device.read(at: offset, into: buffer) }
}

private func write(_ channel: io_channel?, _ block: UInt64, _ count: Int32, _ data: UnsafeRawPointer?) -> errcode_t {
    guard let channel, let data, let manager = DeviceIOManager.of(channel), let offset = byteOffset(channel, block)
    else {
        return errcode_t(EINVAL)
    }
    let buffer = UnsafeRawBufferPointer(start: data, count: byteCount(channel, count))
    return manager.attempt { try manager.device.write(at: offset, from: buffer) }
}

private func writeBytes(_ channel: io_channel?, _ offset: UInt, _ count: Int32, _ data: UnsafeRawPointer?) -> errcode_t
{
    guard let channel, let data, let manager = DeviceIOManager.of(channel) else { return errcode_t(EINVAL) }
    return manager.attempt {
        try manager.device.write(at: Int64(offset), from: UnsafeRawBufferPointer(start: data, count: Int(count)))
    }
}

private func flushChannel(_ channel: io_channel?) -> errcode_t {
    guard let channel, let manager = DeviceIOManager.of(channel) else { return errcode_t(EINVAL) }
    return manager.attempt { try manager.device.flush() }
}
