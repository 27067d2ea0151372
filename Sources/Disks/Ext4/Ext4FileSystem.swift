import CExt2FS
import DevboxCore
import Glibc

/// The ext4 file system on a disk, read and edited through libext2fs: no mount, no root, and no link of it is followed on the host.
///
/// Paths are absolute in the file system. Links above the last component are resolved inside of it; what the last component is,
/// each function says.
public struct Ext4FileSystem: ~Copyable {
    /// The file system itself, then those that are mounted in it.
    var volumes: [Ext4Volume]
    /// Where those are mounted: the directory that each covers.
    var mountPoints: [InodeNumber: Int] = [:]
    /// Of the file system itself.
    var handle: ext2_filsys { volumes[0].handle }
    /// What holds the file system itself.
    var device: any BlockDevice { volumes[0].device }
    let disk: String
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
        volumes = [try Ext4Volume(on: device, disk: disk, writable: writable, now: now)]
        self.disk = disk
        self.writable = writable
    }

    /// Writes what is still in memory; an edit counts only after this. The value cannot be used any more.
    public consuming func close() throws {
        guard writable else { return }
        for volume in volumes { try check("write the file system", ext2fs_flush(volume.handle)) }
    }

    /// Whether the journal has to be replayed before an edit.
    public var needsReplay: Bool { volumes.contains { devbox_ext2_has_journal_to_replay($0.handle) != 0 } }

    /// Whether it was mounted without a journal and never unmounted. e2fsck has to put it right before anybody mounts or edits it.
    public var wasCutOff: Bool { volumes.contains { devbox_ext2_was_cut_off($0.handle) != 0 } }

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
    public var size: Int64 { volumes[0].bytes(ext2fs_blocks_count(handle.pointee.super)) }

    /// The space that is not in use, in bytes, of the one that holds a path, or would hold it.
    public func freeBytes(at path: String) throws -> Int64 { try volumes[nearest(path).part].freeBytes }

    /// The space that programs in a container may fill, in bytes, of the one that holds a path, or would hold it: what is reserved for root
    /// is not for the root of a user namespace.
    public func availableBytes(at path: String) throws -> Int64 { try volumes[nearest(path).part].availableBytes }

    func check(_ doing: String, _ result: errcode_t) throws {
        if result == 0 { return }
        if let failure = volumes.lazy.compactMap(\.failure).first { throw failure }
        if [EXT2_ET_BLOCK_ALLOC_FAIL, EXT2_ET_INODE_ALLOC_FAIL].contains(Int(result)) {
            throw DiskError.full(disk: disk)
        }
        throw DiskError.fileSystem(disk: disk, doing: doing, reason: Ext4Volume.text(result).lowercasedFirst)
    }
}

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
