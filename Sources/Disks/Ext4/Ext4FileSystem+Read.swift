import CExt2FS
import DevboxCore
import Glibc
import SystemPackage

extension Ext4FileSystem {
    /// The inode that a path leads to, links followed inside the file system; nil where there is none.
    public func find(_ path: String) throws -> InodeNumber? {
        if !mountPoints.isEmpty { return try walk(path) }
        var found: ext2_ino_t = 0
        let root = ext2_ino_t(EXT2_ROOT_INO)
        let result = ext2fs_namei_follow(handle, root, root, path, &found)
        if result == EXT2_ET_FILE_NOT_FOUND || result == EXT2_ET_NO_DIRECTORY || result == EXT2_ET_SYMLINK_LOOP {
            return nil
        }
        try check("look up \(path)", result)
        return InodeNumber(found, part: 0)
    }

    /// The inode of a name in a directory; a link is not followed.
    public func lookUp(_ name: String, in directory: InodeNumber) throws -> InodeNumber? {
        var found: ext2_ino_t = 0
        let result = ext2fs_lookup(handle(of: directory), directory.number, name, Int32(name.utf8.count), nil, &found)
        if result == EXT2_ET_FILE_NOT_FOUND { return nil }
        try check("look up \(name)", result)
        return shown(found, in: directory.part)
    }

    /// What an inode is.
    public func attributes(of number: InodeNumber) throws -> FileAttributes {
        let inode = try read(number)
        let size =
            Int64(inode.i_size)
            | (Int32(inode.i_mode) & LINUX_S_IFMT == LINUX_S_IFREG ? Int64(inode.i_size_high) << 32 : 0)
        return FileAttributes(
            mode: inode.i_mode, uid: UInt32(inode.i_uid) | UInt32(inode.osd2.linux2.l_i_uid_high) << 16,
            gid: UInt32(inode.i_gid) | UInt32(inode.osd2.linux2.l_i_gid_high) << 16, size: size,
            modified: inode.i_mtime,
            changed: inode.i_ctime)
    }

    /// A plain file's content, refused above `limit` bytes.
    public func contents(of number: InodeNumber, limit: Int = 16 << 20) throws -> [UInt8] {
        var result: [UInt8] = []
        try stream(number) { part in
            result += part
            if result.count > limit {
                throw DiskError.damaged(disk: disk, defect: "inode \(number) has more than \(limit) bytes")
            }
        }
        return result
    }

    /// The first bytes of a plain file, at most `count`.
    public func beginning(of number: InodeNumber, count: Int) throws -> [UInt8] {
        var file: ext2_file_t?
        try check("open inode \(number)", ext2fs_file_open2(handle(of: number), number.number, nil, 0, &file))
        defer { ext2fs_file_close(file) }
        var buffer = [UInt8](repeating: 0, count: count)
        var got: UInt32 = 0
        try check(
            "read inode \(number)",
            buffer.withUnsafeMutableBytes { ext2fs_file_read(file, $0.baseAddress, UInt32($0.count), &got) })
        return Array(buffer.prefix(Int(got)))
    }

    /// The text of the plain file at `path`; nil where there is none.
    public func text(_ path: String, limit: Int = 1 << 20) throws -> String? {
        guard let number = try find(path), try attributes(of: number).isRegular else { return nil }
        return String(decoding: try contents(of: number, limit: limit), as: UTF8.self)
    }

    /// Hands a plain file's content on, chunk by chunk.
    public func stream(_ number: InodeNumber, to body: (ArraySlice<UInt8>) throws -> Void) throws {
        guard try attributes(of: number).isRegular else {
            throw DiskError.fileSystem(disk: disk, doing: "read inode \(number)", reason: "it is not a plain file")
        }
        var file: ext2_file_t?
        try check("open inode \(number)", ext2fs_file_open2(handle(of: number), number.number, nil, 0, &file))
        defer { ext2fs_file_close(file) }
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            var count: UInt32 = 0
            let result = buffer.withUnsafeMutableBytes {
                ext2fs_file_read(file, $0.baseAddress, UInt32($0.count), &count)
            }
            try check("read inode \(number)", result)
            if count == 0 { return }
            try body(buffer[0..<Int(count)])
        }
    }

    /// The names in a directory, without `.` and `..`, sorted. They come from the disk: nothing is to be concluded from them.
    public func names(in directory: InodeNumber) throws -> [String] {
        final class Names { var all: [String] = [] }
        let names = Names()
        let result = ext2fs_dir_iterate2(
            handle(of: directory), directory.number, 0, nil,
            { _, _, entry, _, _, _, context in
                guard let entry, let context else { return 0 }
                let length = Int(entry.pointee.name_len & 0xFF)
                let name = withUnsafeBytes(of: &entry.pointee.name) {
                    String(decoding: $0.prefix(length), as: UTF8.self)
                }
                if name != ".", name != ".." {
                    Unmanaged<Names>.fromOpaque(context).takeUnretainedValue().all.append(name)
                }
                return 0
            }, Unmanaged.passUnretained(names).toOpaque())
        try check("list inode \(directory)", result)
        return names.all.sorted()
    }

    /// Where a symbolic link points to.
    public func target(ofLink number: InodeNumber) throws -> String {
        let inode = try read(number)
        let size = Int(inode.i_size)
        if size < 60 {
            return withUnsafeBytes(of: inode.i_block) { String(decoding: $0.prefix(size), as: UTF8.self) }
        }
        var file: ext2_file_t?
        try check("read a link", ext2fs_file_open2(handle(of: number), number.number, nil, 0, &file))
        defer { ext2fs_file_close(file) }
        var buffer = [UInt8](repeating: 0, count: min(size, 4096))
        var count: UInt32 = 0
        try check(
            "read a link",
            buffer.withUnsafeMutableBytes { ext2fs_file_read(file, $0.baseAddress, UInt32($0.count), &count) })
        return String(decoding: buffer.prefix(Int(count)), as: UTF8.self)
    }

    /// Copies a plain file of the disk to a new file of the host.
    public func copy(_ number: InodeNumber, to path: FilePath, permissions: FilePermissions = [.ownerReadWrite]) throws
    {
        let file = try Files.open(path, .writeOnly, [.create, .exclusiveCreate], permissions: permissions)
        defer { try? file.close() }
        try stream(number) { try Files.writeAll(file, Array($0), name: path.string) }
        try posix("sync \(path)") { fsync(file.rawValue) }
    }

    func read(_ number: InodeNumber) throws -> ext2_inode {
        var inode = ext2_inode()
        try check("read inode \(number)", ext2fs_read_inode(handle(of: number), number.number, &inode))
        return inode
    }
}
