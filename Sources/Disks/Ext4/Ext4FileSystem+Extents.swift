import CExt2FS
import Glibc

/// A stretch of a file, and where it is on the disk.
public struct FileExtent: Sendable, Equatable {
    /// Where it begins in the file, in bytes.
    public let offset: Int64
    /// Where it begins in the file system, in bytes.
    public let place: Int64
    /// How long it is, in bytes.
    public let count: Int64
    /// Which of the file systems that are seen as one `place` is in.
    var part = 0
}

/// A name in a directory, and what it stands for.
public struct DirectoryEntry: Sendable, Equatable {
    /// Bytes that are not UTF-8 are replaced: nothing is to be looked up by it.
    public let name: String
    /// What it names.
    public let inode: InodeNumber
}

extension Ext4FileSystem {
    /// So many extents has a file of a terabyte in chunks of a megabyte.
    private static var mostExtents: Int { 1 << 20 }

    /// What of a plain file holds data, in the order of the file. The rest of it is zero.
    ///
    /// - Throws: `DiskError.damaged` where the extents are out of order, or together larger than the file system: blocks that are
    ///   part of a file many times would make a small disk an endless file.
    public func extents(of number: InodeNumber) throws -> [FileExtent] {
        var inode = try read(number)
        guard Int32(inode.i_mode) & LINUX_S_IFMT == LINUX_S_IFREG else {
            throw DiskError.fileSystem(disk: disk, doing: "read inode \(number)", reason: "it is not a plain file")
        }
        let size = try attributes(of: number).size
        // What the superblock says may be more than there is.
        let handle = handle(of: number)
        let blockSize = Int64(handle.pointee.blocksize)
        let collector = ExtentCollector(
            blockSize: blockSize,
            blocks: min(
                Int64(clamping: ext2fs_blocks_count(handle.pointee.super)),
                volumes[number.part].device.size / max(blockSize, 1)))
        guard size >= 0 else { throw DiskError.damaged(disk: disk, defect: "inode \(number) has no size") }
        if inode.i_flags & UInt32(EXT4_EXTENTS_FL) != 0 {
            try walkExtents(number, &inode, collector)
        } else {
            try check(
                "read inode \(number)",
                ext2fs_block_iterate3(
                    handle, number.number, BLOCK_FLAG_READ_ONLY | BLOCK_FLAG_DATA_ONLY, nil,
                    { _, block, logical, _, _, context in
                        guard let block, let context else { return BLOCK_ABORT }
                        let collector = Unmanaged<ExtentCollector>.fromOpaque(context).takeUnretainedValue()
                        return collector.add(logical, Int64(clamping: block.pointee), 1) ? 0 : BLOCK_ABORT
                    }, Unmanaged.passUnretained(collector).toOpaque()))
        }
        guard !collector.isDamaged, collector.extents.count <= Self.mostExtents else {
            throw DiskError.damaged(disk: disk, defect: "the extents of inode \(number) cannot be so")
        }
        return collector.extents.compactMap { extent in
            let count = min(extent.count, size - extent.offset)
            return count > 0
                ? FileExtent(offset: extent.offset, place: extent.place, count: count, part: number.part) : nil
        }
    }

    private func walkExtents(_ number: InodeNumber, _ inode: inout ext2_inode, _ collector: ExtentCollector) throws {
        var opened: ext2_extent_handle_t?
        try check("read inode \(number)", ext2fs_extent_open2(handle(of: number), number.number, &inode, &opened))
        defer { ext2fs_extent_free(opened) }
        var extent = ext2fs_extent()
        var operation = EXT2_EXTENT_ROOT
        while true {
            let result = ext2fs_extent_get(opened, operation, &extent)
            if result == EXT2_ET_EXTENT_NO_NEXT { return }
            try check("read inode \(number)", result)
            operation = EXT2_EXTENT_NEXT
            let flags = Int32(bitPattern: extent.e_flags)
            // What was allocated and never written is zero.
            guard flags & EXT2_EXTENT_FLAGS_LEAF != 0, flags & EXT2_EXTENT_FLAGS_UNINIT == 0 else { continue }
            guard
                collector.add(
                    Int64(clamping: extent.e_lblk), Int64(clamping: extent.e_pblk), Int64(extent.e_len))
            else { return }
        }
    }

    /// Hands on what of a plain file's extents holds data, chunk by chunk: where it belongs in the file, and the bytes.
    public func read(_ extents: [FileExtent], to body: (Int64, UnsafeRawBufferPointer) throws -> Void) throws {
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 4096)
        defer { buffer.deallocate() }
        for extent in extents {
            var done: Int64 = 0
            while done < extent.count {
                let part = UnsafeMutableRawBufferPointer(
                    rebasing: buffer.prefix(Int(min(extent.count - done, Int64(buffer.count)))))
                try volumes[extent.part].device.read(at: extent.place + done, into: part)
                try body(extent.offset + done, UnsafeRawBufferPointer(part))
                done += Int64(part.count)
            }
        }
    }

    /// The names in a directory with what they stand for, without `.` and `..`, in one pass; at most `limit` of them.
    public func entries(in directory: InodeNumber, limit: Int) throws -> [DirectoryEntry] {
        final class Entries {
            var all: [(name: String, inode: ext2_ino_t)] = []
            let limit: Int
            init(_ limit: Int) { self.limit = limit }
        }
        let entries = Entries(limit)
        let result = ext2fs_dir_iterate2(
            handle(of: directory), directory.number, 0, nil,
            { _, _, entry, _, _, _, context in
                guard let entry, let context else { return 0 }
                let entries = Unmanaged<Entries>.fromOpaque(context).takeUnretainedValue()
                let length = Int(entry.pointee.name_len & 0xFF)
                let name = withUnsafeBytes(of: &entry.pointee.name) {
                    String(decoding: $0.prefix(length), as: UTF8.self)
                }
                if name != ".", name != ".." {
                    entries.all.append((name, entry.pointee.inode))
                }
                return entries.all.count < entries.limit ? 0 : DIRENT_ABORT
            }, Unmanaged.passUnretained(entries).toOpaque())
        try check("list inode \(directory)", result)
        return entries.all.map { DirectoryEntry(name: $0.name, inode: shown($0.inode, in: directory.part)) }
            .sorted { $0.name < $1.name }
    }
}

/// Puts blocks that follow each other together.
private final class ExtentCollector {
    private(set) var extents: [FileExtent] = []
    private(set) var isDamaged = false
    private var left: Int64
    private let blockSize: Int64
    private let blocks: Int64

    init(blockSize: Int64, blocks: Int64) {
        (self.blockSize, self.blocks) = (blockSize, blocks)
        left = blocks
    }

    /// Adds blocks of a file; false where that cannot be so.
    func add(_ logical: Int64, _ block: Int64, _ count: Int64) -> Bool {
        let end = extents.last.map { ($0.offset + $0.count) / blockSize } ?? 0
        left -= count
        guard left >= 0, logical >= end, block > 0, count > 0, block <= blocks - count else {
            isDamaged = true
            return false
        }
        if let last = extents.last, end == logical, last.place + last.count == block * blockSize {
            extents[extents.count - 1] = FileExtent(
                offset: last.offset, place: last.place, count: last.count + count * blockSize)
        } else {
            extents.append(
                FileExtent(offset: logical * blockSize, place: block * blockSize, count: count * blockSize))
        }
        return extents.count <= 1 << 20
    }
}
