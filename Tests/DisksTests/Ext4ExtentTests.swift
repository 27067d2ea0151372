import DevboxCore
import Disks
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

@Suite("The extents of a file on a disk")
struct Ext4ExtentTests {
    /// A file with data at its start, behind a hole, and behind blocks that were allocated and not written.
    private func disk(_ options: [String] = []) throws -> Ext4Disk {
        try Ext4Disk("24M", ["-b", "4096"] + options) { content in
            let file = try Files.open(content("root/dump"), .writeOnly, [.create])
            defer { try? file.close() }
            try Files.writeAll(file, [UInt8](repeating: 1, count: 5000), name: "dump")
            lseek(file.rawValue, 8 << 20, SEEK_SET)
            try Files.writeAll(file, [UInt8](repeating: 2, count: 3000), name: "dump")
            ftruncate(file.rawValue, 12 << 20)
        }
    }

    private func content(_ disk: Ext4Disk, _ path: String) throws -> [UInt8] {
        try disk.look { root in
            let number = try #require(try root.find(path))
            var bytes = [UInt8](repeating: 0, count: Int(try root.attributes(of: number).size))
            try root.read(root.extents(of: number)) { offset, chunk in
                bytes.replaceSubrange(Int(offset)..<(Int(offset) + chunk.count), with: chunk)
            }
            return bytes
        }
    }

    @Test("they give the file's content, and nothing for its holes", arguments: [[], ["-O", "^extents,^64bit"]])
    func holes(options: [String]) throws {
        let disk = try disk(options)
        let extents = try disk.look { try $0.extents(of: $0.find("/root/dump") ?? 0) }
        #expect(extents.map(\.offset) == [0, 8 << 20])
        #expect(extents.map(\.count) == [8192, 4096])
        var expected = [UInt8](repeating: 0, count: 12 << 20)
        expected.replaceSubrange(0..<5000, with: repeatElement(1, count: 5000))
        expected.replaceSubrange((8 << 20)..<((8 << 20) + 3000), with: repeatElement(2, count: 3000))
        #expect(try content(disk, "/root/dump") == expected)
        #expect(try disk.look { try $0.contents(of: $0.find("/root/dump") ?? 0) } == expected)
    }

    @Test("blocks that were allocated and never written are no data")
    func unwritten() throws {
        let disk = try disk()
        _ = try disk.debugfs("fallocate /root/dump 100 150", write: true)
        #expect(try disk.look { try $0.extents(of: $0.find("/root/dump") ?? 0) }.map(\.offset) == [0, 8 << 20])
    }

    @Test("blocks that are part of a file many times make it damaged, not endless")
    func overlapping() throws {
        let disk = try disk()
        let place = try disk.look { try $0.extents(of: $0.find("/root/dump") ?? 0) }[0].place / 4096
        // A header for extents in the inode, and three that share their blocks: 6,300 where the disk has 6,144.
        let words =
            [0x0003_F30A, 0x0004, 0]
            + (0..<3).flatMap { [$0 * 2100, 2100, Int(place)] }
        for (number, word) in words.enumerated() {
            _ = try disk.debugfs(
                "set_inode_field /root/dump block[\(number)] 0x\(String(word, radix: 16))", write: true)
        }
        let error = reported { _ = try disk.look { try $0.extents(of: $0.find("/root/dump") ?? 0) } }
        #expect(error?.exitCode == .badInput && error?.message.contains("cannot be so") == true)
    }

    @Test(
        "a size that no file has is bad input, or ends with the data",
        arguments: ["0xFFFFFFFFFFFFFFFF", "0x4000000000000"])
    func size(size: String) throws {
        let disk = try disk()
        _ = try disk.debugfs("set_inode_field /root/dump size \(size)", write: true)
        do {
            let extents = try disk.look { try $0.extents(of: $0.find("/root/dump") ?? 0) }
            #expect(extents.reduce(0) { $0 + $1.count } <= 12 << 20)
        } catch let error as any ReportableError {
            #expect([.badInput, .failure].contains(error.exitCode), "\(error)")
        }
    }

    @Test("the entries of a folder of ten thousand names come in one pass, up to a limit")
    func entries() throws {
        let disk = try Ext4Disk("24M", ["-N", "20000"]) { content in
            for number in 0..<10_000 {
                _ = try Files.open(content("root/\(number)"), .writeOnly, [.create]).close()
            }
        }
        let clock = ContinuousClock.now
        let entries = try disk.look { try $0.entries(in: $0.folder("/root"), limit: 100_000) }
        #expect(entries.count == 10_000)
        #expect(entries.allSatisfy { $0.inode > 10 })
        #expect(ContinuousClock.now - clock < .seconds(2))
        #expect(try disk.look { try $0.entries(in: $0.folder("/root"), limit: 100) }.count == 100)
    }
}
