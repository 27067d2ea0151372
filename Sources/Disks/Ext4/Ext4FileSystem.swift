import CExt2FS
import DevboxCore
import Glibc

/// The ext4 file system on a disk, read and edited through libext2fs: no mount, no root, and no link of it is followed on the host.
///
/// Paths are absolute in the file system. Links above the last component are resolved inside of it; what the last component is,
/// each function says.
public struct Ext4FileSystem: ~Copyable {
    let handle: ext2_filsys
    let disk: String
    /// What holds the file system, from its first byte on.
    var device: any BlockDevice { manager.device }
    private let manager: DeviceIOManager
    private let writable: Bool

    /// Opens the file system on a disk, or on a partition of it.
    ///
    /// - Parameters:
    ///   - device: what holds it, from its first byte on.
    ///   - disk: what messages call it.
    ///   - writable: whether it will be edited.
    ///   - now: the time that edits are stamped with, in seconds since 1970; the current one without it.
    /// - Throws: `DiskError.needsReplay` where edits would be undone by the journal, and `damaged` where there is no ext4.
    public init(on device: any BlockDevice, disk: String, writable: Bool = false, now: Int? = nil) throws {
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
        self.disk = disk
        self.writable = writable
    }

    deinit { ext2fs_free(handle) }

    /// Writes what is still in memory; an edit counts only after this. The value cannot be used any more.
    public consuming func close() throws {
        if writable { try check("write the file system", ext2fs_flush(handle)) }
    }

    /// Whether the journal has to be replayed before an edit.
    public var needsReplay: Bool { devbox_ext2_has_journal_to_replay(handle) != 0 }

    /// The file system's UUID, as in `root=UUID=…`.
    public var uuid: String {
        let bytes = withUnsafeBytes(of: handle.pointee.super.pointee.s_uuid) { Array($0) }
        let digits = bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
        var result = ""
        for (index, digit) in digits.enumerated() {
            if [8, 12, 16, 20].contains(index) { result.append("-") }
            result.append(digit)
        }
        return result
    }

    /// How large the file system is, in bytes.
    public var size: Int64 {
        Int64(clamping: ext2fs_blocks_count(handle.pointee.super)).multipliedReportingOverflow(
            by: Int64(handle.pointee.blocksize)
        ).partialValue
    }

    /// The space that is not in use, in bytes.
    public var freeBytes: Int64 {
        Int64(ext2fs_free_blocks_count(handle.pointee.super)) * Int64(handle.pointee.blocksize)
    }

    /// The space that programs in a container may fill, in bytes: what is reserved for root is not for the root of a user namespace.
    public var availableBytes: Int64 {
        let superblock = handle.pointee.super
        let reserved = Int64(ext2fs_r_blocks_count(superblock)) * Int64(handle.pointee.blocksize)
        return max(0, freeBytes - reserved)
    }

    func check(_ doing: String, _ result: errcode_t) throws {
        if result == 0 { return }
        if let failure = manager.failure { throw failure }
        if [EXT2_ET_BLOCK_ALLOC_FAIL, EXT2_ET_INODE_ALLOC_FAIL].contains(Int(result)) {
            throw DiskError.full(disk: disk)
        }
        throw DiskError.fileSystem(disk: disk, doing: doing, reason: Self.text(result).lowercasedFirst)
    }

    private static func text(_ number: errcode_t) -> String {
        // error_message(3) knows errno as it is, and libext2fs's own numbers once their table is there.
        initialize_ext2_error_table()
        return error_message(number).map { String(cString: $0) } ?? "error \(number)"
    }
}

/// An inode's number.
public typealias InodeNumber = ext2_ino_t

/// What a file is, and whose.
public struct FileAttributes: Sendable, Equatable {
    /// File type and permissions, as in stat(2).
    public var mode: UInt16
    /// The owner's number in the guest.
    public var uid: UInt32
    /// The group's number in the guest.
    public var gid: UInt32
    /// In bytes.
    public var size: Int64
    /// Modification time, in seconds since 1970.
    public var modified: UInt32
    /// When the inode itself last changed, in seconds since 1970.
    public var changed: UInt32

    /// Whether it is a plain file.
    public var isRegular: Bool { Int32(mode) & LINUX_S_IFMT == LINUX_S_IFREG }
    /// Whether it is a directory.
    public var isDirectory: Bool { Int32(mode) & LINUX_S_IFMT == LINUX_S_IFDIR }
    /// Whether it is a symbolic link.
    public var isLink: Bool { Int32(mode) & LINUX_S_IFMT == LINUX_S_IFLNK }
}
