import CExt2FS
import DevboxCore
import Glibc

/// Owner, permissions and time of what is made in a file system.
public struct NewFile: Sendable {
    /// Permissions, as in chmod(2); the type is the function's matter.
    public var permissions: UInt16
    /// The owner's number in the guest.
    public var uid: UInt32
    /// The group's number in the guest.
    public var gid: UInt32
    /// Modification time, in seconds since 1970; the file system's `now` without it.
    public var modified: UInt32?

    /// A file of root's.
    public init(permissions: UInt16 = 0o644, uid: UInt32 = 0, gid: UInt32 = 0, modified: UInt32? = nil) {
        self.permissions = permissions
        self.uid = uid
        self.gid = gid
        self.modified = modified
    }
}

extension Ext4FileSystem {
    /// Puts a plain file at `path`. One that is there keeps its inode, owner, permissions and attributes; anything else of that
    /// name, a link for instance, is replaced and not followed.
    public func put(_ bytes: [UInt8], at path: String, as new: NewFile = NewFile()) throws {
        let (directory, name) = try parent(of: path)
        if let there = try lookUp(name, in: directory) {
            let inode = try read(there)
            if Int32(inode.i_mode) & LINUX_S_IFMT == LINUX_S_IFREG, inode.i_links_count == 1 {
                return try overwrite(there, with: bytes)
            }
            try remove(name, in: directory)
        }
        try makeFile(name, in: directory, as: new) { write in try write(bytes[...]) }
    }

    /// Makes a plain file whose content `fill` writes chunk by chunk.
    @discardableResult
    public func makeFile(
        _ name: String, in directory: InodeNumber, as new: NewFile,
        fill: ((ArraySlice<UInt8>) throws -> Void) throws -> Void
    ) throws -> InodeNumber {
        let number = try makeInode(LINUX_S_IFREG, in: directory, as: new)
        if devbox_ext2_has_extents(handle(of: directory)) != 0 {
            var inode = try read(number)
            inode.i_flags |= UInt32(EXT4_EXTENTS_FL)
            var extents: ext2_extent_handle_t?
            try check("make \(name)", ext2fs_extent_open2(handle(of: number), number.number, &inode, &extents))
            ext2fs_extent_free(extents)
            try check("make \(name)", ext2fs_write_inode(handle(of: number), number.number, &inode))
        }
        try link(name, to: number, in: directory, type: EXT2_FT_REG_FILE)
        try writing(to: number, fill)
        try apply(new, to: number)
        return number
    }

    /// Makes a directory, or gives one that is there the owner and permissions.
    @discardableResult
    public func makeDirectory(_ name: String, in directory: InodeNumber, as new: NewFile) throws -> InodeNumber {
        if let there = try lookUp(name, in: directory), try attributes(of: there).isDirectory {
            try apply(new, to: there)
            return there
        }
        try growing(directory) { ext2fs_mkdir(handle(of: directory), directory.number, 0, name) }
        guard let made = try lookUp(name, in: directory) else { throw DiskError.noSuchFile(disk: disk, path: name) }
        try apply(new, to: made)
        return made
    }

    /// Makes the directories of `path` that are missing, as root's with 0755.
    public func makeDirectories(_ path: String) throws {
        var at = ""
        for name in path.split(separator: "/") {
            let above = try find(at.isEmpty ? "/" : at) ?? .root
            at += "/\(name)"
            if try find(at) == nil { try makeDirectory(String(name), in: above, as: NewFile(permissions: 0o755)) }
        }
    }

    /// Makes a symbolic link.
    public func makeLink(_ name: String, to target: String, in directory: InodeNumber, as new: NewFile) throws {
        try growing(directory) { ext2fs_symlink(handle(of: directory), directory.number, 0, name, target) }
        guard let made = try lookUp(name, in: directory) else { throw DiskError.noSuchFile(disk: disk, path: name) }
        try apply(new, to: made)
    }

    /// Makes a device node, a fifo or a socket.
    ///
    /// - Parameter type: LINUX_S_IFCHR, LINUX_S_IFBLK, LINUX_S_IFIFO or LINUX_S_IFSOCK.
    public func makeNode(
        _ name: String, type: Int32, major: UInt32 = 0, minor: UInt32 = 0, in directory: InodeNumber, as new: NewFile
    ) throws {
        let number = try makeInode(type, in: directory, as: new)
        var inode = try read(number)
        // The kernel's new_encode_dev(): minors above 255 lie around the major.
        inode.i_block.1 = (minor & 0xFF) | (major << 8) | ((minor & ~0xFF) << 12)
        try check("make \(name)", ext2fs_write_inode(handle(of: number), number.number, &inode))
        let kinds = [LINUX_S_IFCHR: EXT2_FT_CHRDEV, LINUX_S_IFBLK: EXT2_FT_BLKDEV, LINUX_S_IFIFO: EXT2_FT_FIFO]
        try link(name, to: number, in: directory, type: kinds[type] ?? EXT2_FT_SOCK)
        try apply(new, to: number)
    }

    /// Gives a plain file a further name.
    public func makeHardLink(_ name: String, to number: InodeNumber, in directory: InodeNumber) throws {
        guard number.part == directory.part else {
            throw DiskError.fileSystem(disk: disk, doing: "link \(name)", reason: "the file is in another file system")
        }
        var inode = try read(number)
        guard inode.i_links_count < 65_000 else {
            throw DiskError.fileSystem(disk: disk, doing: "link \(name)", reason: "the file has too many names")
        }
        inode.i_links_count += 1
        try check("link \(name)", ext2fs_write_inode(handle(of: number), number.number, &inode))
        try link(name, to: number, in: directory, type: EXT2_FT_REG_FILE)
    }

    /// Removes a name that is no directory, and what it named where that was its last name.
    public func remove(_ name: String, in directory: InodeNumber) throws {
        guard let number = try lookUp(name, in: directory) else { return }
        var inode = try read(number)
        guard Int32(inode.i_mode) & LINUX_S_IFMT != LINUX_S_IFDIR, number.part == directory.part else {
            throw DiskError.fileSystem(disk: disk, doing: "remove \(name)", reason: "it is a directory")
        }
        try check("remove \(name)", ext2fs_unlink(handle(of: directory), directory.number, name, number.number, 0))
        // A damaged disk may count fewer names than there are.
        inode.i_links_count = inode.i_links_count > 0 ? inode.i_links_count - 1 : 0
        if inode.i_links_count == 0 {
            inode.i_dtime = UInt32(truncatingIfNeeded: handle.pointee.now)
            try check("remove \(name)", ext2fs_free_ext_attr(handle(of: number), number.number, nil))
            inode.i_file_acl = 0
            if devbox_ext2_has_blocks(handle(of: number), &inode) != 0 {
                try check("remove \(name)", ext2fs_punch(handle(of: number), number.number, &inode, nil, 0, ~0))
            }
            ext2fs_inode_alloc_stats2(handle(of: number), number.number, -1, 0)
        }
        try check("remove \(name)", ext2fs_write_inode(handle(of: number), number.number, &inode))
    }

    /// Sets an extended attribute, `security.capability` for instance.
    public func setAttribute(_ key: String, _ value: [UInt8], of number: InodeNumber) throws {
        var attributes: OpaquePointer?
        try check("read attributes", ext2fs_xattrs_open(handle(of: number), number.number, &attributes))
        defer { ext2fs_xattrs_close(&attributes) }
        try check("read attributes", ext2fs_xattrs_read(attributes))
        try check("set \(key)", value.withUnsafeBytes { ext2fs_xattr_set(attributes, key, $0.baseAddress, $0.count) })
        try check("set \(key)", ext2fs_xattrs_write(attributes))
    }

    /// Sets the owner, permissions and times of a file or folder that is there.
    public func apply(_ new: NewFile, to number: InodeNumber) throws {
        var inode = ext2_inode_large()
        let size = Int32(
            min(Int(handle(of: number).pointee.super.pointee.s_inode_size), MemoryLayout<ext2_inode_large>.size))
        func access(_ body: (UnsafeMutablePointer<ext2_inode>) -> errcode_t) throws {
            try withUnsafeMutablePointer(to: &inode) { pointer in
                try pointer.withMemoryRebound(to: ext2_inode.self, capacity: 1) {
                    try check("set attributes", body($0))
                }
            }
        }
        try access { ext2fs_read_inode_full(handle(of: number), number.number, $0, size) }
        inode.i_mode = inode.i_mode & UInt16(LINUX_S_IFMT) | new.permissions & 0o7777
        inode.i_uid = UInt16(new.uid & 0xFFFF)
        inode.osd2.linux2.l_i_uid_high = UInt16(new.uid >> 16)
        inode.i_gid = UInt16(new.gid & 0xFFFF)
        inode.osd2.linux2.l_i_gid_high = UInt16(new.gid >> 16)
        let time = new.modified ?? UInt32(truncatingIfNeeded: handle.pointee.now)
        inode.i_mtime = time
        inode.i_ctime = time
        inode.i_atime = time
        if Int(inode.i_extra_isize) >= 24 {
            inode.i_crtime = time
            (inode.i_mtime_extra, inode.i_ctime_extra, inode.i_atime_extra, inode.i_crtime_extra) = (0, 0, 0, 0)
        }
        try access { ext2fs_write_inode_full(handle(of: number), number.number, $0, size) }
    }

    private func parent(of path: String) throws -> (directory: InodeNumber, name: String) {
        let parts = path.split(separator: "/")
        guard let name = parts.last else { throw DiskError.noSuchFile(disk: disk, path: path) }
        let above = "/" + parts.dropLast().joined(separator: "/")
        guard let directory = try find(above), try attributes(of: directory).isDirectory else {
            throw DiskError.noSuchFile(disk: disk, path: above)
        }
        return (directory, String(name))
    }

    private func overwrite(_ number: InodeNumber, with bytes: [UInt8]) throws {
        try writing(to: number, truncating: true) { write in try write(bytes[...]) }
        var inode = try read(number)
        let now = UInt32(truncatingIfNeeded: handle.pointee.now)
        inode.i_mtime = now
        inode.i_ctime = now
        try check("write inode \(number)", ext2fs_write_inode(handle(of: number), number.number, &inode))
    }

    private func writing(
        to number: InodeNumber, truncating: Bool = false, _ fill: ((ArraySlice<UInt8>) throws -> Void) throws -> Void
    ) throws {
        var file: ext2_file_t?
        try check(
            "open inode \(number)", ext2fs_file_open2(handle(of: number), number.number, nil, EXT2_FILE_WRITE, &file))
        // libext2fs 1.47 copies a write to a file whose data is in its inode into a buffer of three blocks, unchecked.
        let most =
            devbox_ext2_has_inline_data(handle(of: number)) != 0 ? Int(handle(of: number).pointee.blocksize) : 1 << 30
        do {
            if truncating { try check("truncate inode \(number)", ext2fs_file_set_size2(file, 0)) }
            try fill { part in
                var rest = part
                while !rest.isEmpty {
                    var count: UInt32 = 0
                    let result = rest.withUnsafeBytes {
                        ext2fs_file_write(file, $0.baseAddress, UInt32(min($0.count, most)), &count)
                    }
                    try check("write inode \(number)", result)
                    rest = rest.dropFirst(Int(count))
                }
            }
        } catch {
            ext2fs_file_close(file)
            throw error
        }
        try check("write inode \(number)", ext2fs_file_close(file))
    }

    private func makeInode(_ type: Int32, in directory: InodeNumber, as new: NewFile) throws -> InodeNumber {
        var made: ext2_ino_t = 0
        try check(
            "make an inode",
            ext2fs_new_inode(
                handle(of: directory), directory.number, type | Int32(new.permissions), nil, &made))
        let number = InodeNumber(made, part: directory.part)
        var inode = ext2_inode()
        inode.i_mode = UInt16(type) | new.permissions & 0o7777
        inode.i_links_count = 1
        ext2fs_inode_alloc_stats2(handle(of: number), number.number, 1, 0)
        try check("make an inode", ext2fs_write_new_inode(handle(of: number), number.number, &inode))
        return number
    }

    private func link(_ name: String, to number: InodeNumber, in directory: InodeNumber, type: Int32) throws {
        try growing(directory) { ext2fs_link(handle(of: directory), directory.number, name, number.number, type) }
    }

    /// Does something that adds a name to a directory, and once more with one more block where that was full.
    private func growing(_ directory: InodeNumber, _ body: () -> errcode_t) throws {
        var result = body()
        if result == EXT2_ET_DIR_NO_SPACE {
            try check("grow a directory", ext2fs_expand_dir(handle(of: directory), directory.number))
            result = body()
        }
        try check("add a name", result)
    }
}
