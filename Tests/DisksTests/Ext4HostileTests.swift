import CExt2FS
import DevboxCore
@testable import Disks
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("ext4 that is damaged, full, or was not shut down", .timeLimit(.minutes(10)))
struct Ext4HostileTests {
    @Test("a journal that has to be replayed is refused for edits, and not for reading")
    func journal() throws {
        let disk = try Ext4Disk { try $0.write("read me", to: "etc/f") }
        _ = try disk.debugfs("feature needs_recovery", write: true)
        let error = reported { try disk.edit { _ in } }
        guard case DiskError.needsReplay? = error as? DiskError else {
            Issue.record("not refused: \(String(describing: error))")
            return
        }
        #expect(error?.exitCode == .badInput)
        #expect(try disk.look { $0.needsReplay })
        #expect(try disk.text("/etc/f") == "read me")
    }

    @Test("without space an edit is an error, and the disk below the overlay is as before")
    func full() throws {
        let disk = try Ext4Disk("8M")
        let before = try Files.read(disk.path)
        let overlay = OverlayDevice(over: try FileDevice(disk.path))
        let error = reported {
            let root = try Ext4FileSystem(on: overlay, disk: "test", writable: true)
            try root.put([UInt8](repeating: 1, count: 16 << 20), at: "/etc/big")
        }
        #expect(error?.exitCode == .failure)
        #expect(error?.message.contains("on the disk test") == true)
        #expect(error?.hint?.contains("guest") == true)
        #expect(try Files.read(disk.path) == before)
    }

    @Test("without inodes an edit is an error that says so")
    func noInodes() throws {
        let disk = try Ext4Disk("8M", ["-N", "24"])
        let error = reported {
            try disk.edit { root in for number in 0..<50 { try root.put([], at: "/etc/\(number)") } }
        }
        #expect(error?.exitCode == .failure)
        #expect(error?.message.contains("there is no space left in the file system on the disk") == true)
    }

    @Test("what is not ext4 is bad input", arguments: [0, 1000, 4096, 1 << 20])
    func garbage(size: Int) throws {
        let scratch = try ScratchDirectory()
        var random = TestRandom(seed: 7)
        try Files.writeAtomically(random.bytes(size), to: scratch("disk"))
        let error = reported { _ = try Ext4FileSystem(on: FileDevice(scratch("disk")), disk: "garbage") }
        #expect(error?.exitCode == .badInput)
        #expect(error?.message.hasPrefix("the disk ") == true)
    }

    @Test("a truncated disk is bad input")
    func truncated() throws {
        let disk = try Ext4Disk { try $0.write(String(repeating: "x", count: 200_000), to: "etc/f") }
        truncate(disk.path.string, 100_000)
        let error = reported {
            try disk.edit { root in try root.put(Array("x".utf8), at: "/etc/f") }
        }
        #expect(error?.exitCode == .badInput)
    }

    @Test("paths that lead nowhere are not found, and a directory is no file")
    func paths() throws {
        let disk = try Ext4Disk { try $0.write("x", to: "etc/f") }
        try disk.edit { root in
            for path in ["/none/f", "/etc/f/g", "/", ""] {
                #expect(reported { try root.put([], at: path) }?.exitCode == .notFound, "\(path)")
            }
            #expect(reported { try root.put([], at: "/etc") }?.exitCode == .badInput)
            #expect(try root.find("/etc/f/g") == nil)
            #expect(try root.text("/etc") == nil)
            let folder = try root.folder("/etc")
            #expect(reported { _ = try root.contents(of: folder) }?.exitCode == .badInput)
        }
        try disk.check()
    }

    @Test("an inode whose count of names is wrong does not crash an edit", arguments: [0, 1, 65_535])
    func linkCounts(count: Int) throws {
        let disk = try Ext4Disk { try $0.write("x", to: "etc/f") }
        _ = try disk.debugfs("set_inode_field /etc/f links_count \(count)", write: true)
        try disk.edit { root in
            let number = try root.folder("/etc/f")
            _ = reported { try root.makeHardLink("g", to: number, in: root.folder("/etc")) }
            try root.put(Array("new".utf8), at: "/etc/f")
        }
        #expect(try disk.text("/etc/f") == "new")
    }

    /// A disk without checksums, so that damage is not noticed before it is used.
    private func fragile() throws -> (disk: Ext4Disk, bytes: [UInt8]) {
        let disk = try Ext4Disk("4M", ["-b", "1024", "-O", "^metadata_csum,64bit", "-N", "64"]) { content in
            try content.write("127.0.0.1 localhost\n", to: "etc/hosts")
        }
        return (disk, try Files.read(disk.path))
    }

    // Read, not edited: libext2fs 1.47 itself writes past its buffers when it edits some of these.
    @Test("2,000 disks with damaged metadata are read or refused, and none crashes devbox", arguments: [1, 2])
    func damaged(seed: UInt64) throws {
        let (disk, sound) = try fragile()
        var random = TestRandom(seed: seed)
        var refused = 0
        for _ in 0..<1_000 {
            let device = MemoryDevice(sound)
            for _ in 0..<Int.random(in: 1...8, using: &random) {
                // The superblock, the group descriptors, the inode tables and the first directories.
                let end = [2048, 4096, 40_960, 400_000].randomElement(using: &random) ?? 2048
                let place = Int.random(in: 1024..<end, using: &random)
                device.content[place] =
                    Bool.random(using: &random) ? .max : UInt8.random(in: .min ... .max, using: &random)
            }
            let error = reported {
                let root = try Ext4FileSystem(on: device, disk: "hostile")
                _ = try root.find("/etc/hosts").map { try root.contents(of: $0) }
                _ = try root.names(in: root.folder("/etc"))
                for entry in try root.entries(in: root.folder("/etc"), limit: 100) {
                    try root.read(root.extents(of: entry.inode)) { _, _ in }
                }
            }
            if let error {
                refused += 1
                #expect([.badInput, .notFound, .failure].contains(error.exitCode), "\(error.message)")
            }
        }
        // Some are hit where it matters, some where it does not.
        #expect((1..<1_000).contains(refused), "\(refused) of 1,000 were refused")
        _ = disk.path
    }

    @Test("a superblock that counts more blocks than there can be is no crash")
    func hugeCounts() throws {
        let (_, sound) = try fragile()
        // The high halves of the free blocks, and of those that are reserved for root.
        for places in [[0x158], [0x154], [0x158, 0x154]] {
            let device = MemoryDevice(sound)
            for place in places { for byte in 0..<4 { device.content[1024 + place + byte] = 0xFF } }
            let root = try Ext4FileSystem(on: device, disk: "hostile")
            #expect(try root.freeBytes(at: "/") > 0 && root.availableBytes(at: "/etc") >= 0)
        }
    }

    @Test("block numbers that no disk has are bad input, not a crash")
    func hugeBlocks() throws {
        let (_, sound) = try fragile()
        // The high halves of the block count and of the first group's tables.
        for places in [[1024 + 0x150], [2048 + 0x20, 2048 + 0x24, 2048 + 0x28], [1024 + 0x150, 2048 + 0x28]] {
            let device = MemoryDevice(sound)
            for place in places { for byte in 0..<4 { device.content[place + byte] = 0xFF } }
            let error = reported {
                let root = try Ext4FileSystem(on: device, disk: "hostile", writable: true)
                try root.put(Array("new\n".utf8), at: "/etc/hosts")
                try root.close()
            }
            #expect(error?.exitCode == .badInput, "\(error?.message ?? "taken")")
        }
    }
}

/// A disk in memory.
private final class MemoryDevice: BlockDevice {
    var content: [UInt8]
    var size: Int64 { Int64(content.count) }
    init(_ content: [UInt8]) { self.content = content }

    func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws {
        try checkBounds(offset, buffer.count, name: "memory")
        content.withUnsafeBytes {
            buffer.copyMemory(from: UnsafeRawBufferPointer(rebasing: $0[Int(offset)..<Int(offset) + buffer.count]))
        }
    }

    func write(at offset: Int64, from buffer: UnsafeRawBufferPointer) throws {
        try checkBounds(offset, buffer.count, name: "memory")
        content.withUnsafeMutableBytes {
            UnsafeMutableRawBufferPointer(rebasing: $0[Int(offset)..<Int(offset) + buffer.count]).copyMemory(
                from: buffer)
        }
    }

    func flush() {}
}
