import CExt2FS
import DevboxCore
import Glibc

/// One ext4 file system that libext2fs has open, with the device that it reads.
final class Ext4Volume {
    let handle: ext2_filsys
    private let manager: DeviceIOManager

    /// See `Ext4FileSystem.init`.
    init(on device: any BlockDevice, disk: String, writable: Bool, now: Int?) throws {
        let manager = DeviceIOManager(device)
        var opened: ext2_filsys?
        // Who else may write a disk is known by its lock: protection against several machines (mmp) would have to reopen the device.
        let flags =
            EXT2_FLAG_64BITS | EXT2_FLAG_MASTER_SB_ONLY | EXT2_FLAG_SKIP_MMP | (writable ? EXT2_FLAG_RW : 0)
        var result = ext2fs_open(manager.name, flags, 0, 0, manager.table, &opened)
        if result == 0, writable { result = ext2fs_read_bitmaps(opened) }
        let replayFirst = writable && opened != nil && devbox_ext2_has_journal_to_replay(opened) != 0
        guard result == 0, !replayFirst, let opened else {
            if let opened { ext2fs_free(opened) }
            if replayFirst { throw DiskError.needsReplay(disk: disk) }
            throw manager.failure
                ?? DiskError.damaged(
                    disk: disk, defect: "no sound ext4 file system: \(Self.text(result).lowercasedFirst)")
        }
        opened.pointee.now = now ?? time(nil)
        handle = opened
        self.manager = manager
    }

    deinit { ext2fs_free(handle) }

    /// What holds the file system, from its first byte on.
    var device: any BlockDevice { manager.device }
    /// Why the device failed last.
    var failure: (any Error)? { manager.failure }

    /// The space that is not in use, in bytes.
    var freeBytes: Int64 { bytes(ext2fs_free_blocks_count(handle.pointee.super)) }

    /// The same without what is reserved for root.
    var availableBytes: Int64 {
        max(0, freeBytes - bytes(ext2fs_r_blocks_count(handle.pointee.super)))
    }

    /// What so many blocks are. The numbers are the disk's own, and may be any.
    func bytes(_ blocks: UInt64) -> Int64 {
        let (bytes, isTooMany) = Int64(clamping: blocks).multipliedReportingOverflow(
            by: Int64(handle.pointee.blocksize))
        return isTooMany ? .max : bytes
    }

    static func text(_ number: errcode_t) -> String {
        // error_message(3) knows errno as it is, and libext2fs's own numbers once their table is there.
        initialize_ext2_error_table()
        return error_message(number).map { String(cString: $0) } ?? "error \(number)"
    }
}
