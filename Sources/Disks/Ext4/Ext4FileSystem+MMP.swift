import CExt2FS
import DevboxCore

/// Multi-mount protection, by which machines that share a disk keep off each other (mmp in ext4(5)). A disk of devbox's is one machine's at a
/// time, which its lock makes sure of; and who opens such a file system may wait for minutes for another machine that there is not.
extension Ext4FileSystem {
    /// Whether it is turned on.
    public var hasMultiMountProtection: Bool { devbox_ext2_has_mmp(handle) != 0 }

    /// Turns it off on the disk: in the superblock alone, which can be done before the journal is replayed. Its block stays in use, until
    /// `forgetMultiMountProtection`.
    public func turnOffMultiMountProtection() throws {
        // What libext2fs holds of the superblock is not changed: this value may be read only.
        var copy = handle.pointee.super.pointee
        devbox_ext2_clear_mmp(&copy)
        try check("write the superblock", ext2fs_superblock_csum_set(handle, &copy))
        try withUnsafeBytes(of: copy) { try device.write(at: 1024, from: $0) }
        try device.flush()
    }

    /// Frees the block that it had, once it is turned off; the file system is writable.
    public func forgetMultiMountProtection() throws {
        let superblock = handle.pointee.super
        guard !hasMultiMountProtection, let block = superblock?.pointee.s_mmp_block, block != 0 else { return }
        let size = Int64(handle.pointee.blocksize)
        // Only what is such a block is freed: the number comes from outside.
        if block < ext2fs_blocks_count(superblock), size >= 1024 {
            let bytes = try device.bytes(at: volumes[0].bytes(block), count: 1024)
            if bytes.littleEndian(UInt32.self, at: 0) == devbox_ext2_mmp_magic(),
                ext2fs_test_block_bitmap2(handle.pointee.block_map, block) != 0
            {
                ext2fs_block_alloc_stats2(handle, block, -1)
            }
        }
        superblock?.pointee.s_mmp_block = 0
        superblock?.pointee.s_mmp_update_interval = 0
        devbox_ext2_write_all(handle)
    }
}
