import CExt2FS
import DevboxCore
@testable import Disks
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Editing ext4 in process", .timeLimit(.minutes(10)))
struct Ext4EditTests {
    @Test("a new file has its content, owner, mode and time, as debugfs sees them")
    func newFile() throws {
        let disk = try Ext4Disk()
        try disk.edit { root in
            try root.put(
                Array("hello\n".utf8), at: "/etc/new",
                as: NewFile(permissions: 0o4750, uid: 70_000, gid: 4, modified: 1_000_000_000))
        }
        try disk.check()
        #expect(try disk.debugfs("cat /etc/new") == "hello\n")
        let stat = try disk.debugfs("stat /etc/new")
        #expect(stat.contains("Mode:  04750"))
        #expect(stat.contains("User: 70000   Group:     4"))
        #expect(stat.contains("Sun Sep  9") && stat.contains("2001"))
        #expect(try disk.text("/etc/new") == "hello\n")
    }

    @Test(
        "a file that is there keeps its inode, owner, mode and attributes, whether it grows or shrinks",
        arguments: [
            0, 5, 100_000, 3_000_000,
        ])
    func replaced(size: Int) throws {
        let disk = try Ext4Disk { try $0.write(String(repeating: "old ", count: 10_000), to: "etc/f") }
        _ = try disk.debugfs("set_inode_field /etc/f uid 1234", write: true)
        _ = try disk.debugfs("set_inode_field /etc/f mode 0100640", write: true)
        _ = try disk.debugfs("ea_set /etc/f user.note kept", write: true)
        let before = try disk.look { try $0.folder("/etc/f") }
        var random = TestRandom(seed: 3)
        let bytes = random.bytes(size)
        try disk.edit { try $0.put(bytes, at: "/etc/f") }
        try disk.check()
        try disk.look { root in
            let number = try root.folder("/etc/f")
            #expect(number == before)
            #expect(try root.contents(of: number) == bytes)
            let attributes = try root.attributes(of: number)
            #expect(attributes.uid == 1234)
            #expect(attributes.mode & 0o7777 == 0o640)
            #expect(attributes.modified == 1_795_262_400)
        }
        #expect(try disk.debugfs("ea_get /etc/f user.note").contains("kept"))
    }

    @Test("a link in the place of a file is replaced and never followed, on the host or on the disk")
    func linkNotFollowed() throws {
        let outside = try ScratchDirectory()
        let victim = try outside.write("host", to: "hostname")
        let disk = try Ext4Disk { content in
            try content.write("inside", to: "root/target")
            for (name, target) in [("a", victim.string), ("b", "/root/target"), ("c", "/nowhere"), ("d", "d")] {
                try FileManager.default.createSymbolicLink(
                    atPath: content("etc/\(name)").string, withDestinationPath: target)
            }
        }
        try disk.edit { root in
            for name in ["a", "b", "c", "d"] { try root.put(Array("new".utf8), at: "/etc/\(name)") }
        }
        try disk.check()
        for name in ["a", "b", "c", "d"] {
            #expect(try disk.debugfs("cat /etc/\(name)") == "new")
            #expect(try disk.debugfs("stat /etc/\(name)").contains("Type: regular"))
        }
        #expect(try disk.text("/root/target") == "inside")
        #expect(try Files.text(victim) == "host")
        #expect(try Files.list(outside.path) == ["hostname"])
    }

    @Test("directories that are absolute links, or climb with .., lead to places on the disk")
    func parentsInside() throws {
        let outside = try ScratchDirectory()
        let disk = try Ext4Disk { content in
            try Files.makeDirectory(content("real\(outside.path)"))
            for (name, target) in [
                ("etc/absolute", "/root"), ("etc/climbs", "../../../../../root"), ("etc/host", outside.path.string),
            ] {
                try FileManager.default.createSymbolicLink(atPath: content(name).string, withDestinationPath: target)
            }
        }
        try disk.edit { root in
            try root.put(Array("1".utf8), at: "/etc/absolute/one")
            try root.put(Array("2".utf8), at: "/etc/climbs/two")
            let error = reported { try root.put(Array("3".utf8), at: "/etc/host/three") }
            #expect(error?.exitCode == .notFound)
        }
        try disk.check()
        #expect(try disk.text("/root/one") == "1")
        #expect(try disk.text("/root/two") == "2")
        #expect(try Files.list(outside.path).isEmpty)
    }

    @Test("one name of a file with several is replaced without changing the others")
    func hardLinkReplaced() throws {
        let disk = try Ext4Disk { content in
            try content.write("shared", to: "etc/a")
            try Files.hardLink(content("etc/a"), to: content("etc/b"))
        }
        try disk.edit { try $0.put(Array("own".utf8), at: "/etc/a") }
        try disk.check()
        #expect(try disk.text("/etc/a") == "own")
        #expect(try disk.text("/etc/b") == "shared")
    }

    @Test("directories, links, nodes and further names are made as a package needs them")
    func kinds() throws {
        let long = "/" + String(repeating: "x", count: 200)
        let disk = try Ext4Disk()
        try disk.edit { root in
            try root.makeDirectories("/usr/lib/modules")
            let folder = try root.folder("/usr/lib/modules")
            let inner = try root.makeDirectory("6.1", in: folder, as: NewFile(permissions: 0o750, uid: 5, gid: 6))
            try root.makeLink("short", to: "../target", in: inner, as: NewFile())
            try root.makeLink("long", to: long, in: inner, as: NewFile())
            try root.makeNode(
                "null", type: LINUX_S_IFCHR, major: 1, minor: 3, in: inner, as: NewFile(permissions: 0o666))
            try root.makeNode("disk", type: LINUX_S_IFBLK, major: 259, minor: 300, in: inner, as: NewFile())
            try root.makeNode("fifo", type: LINUX_S_IFIFO, in: inner, as: NewFile())
            let file = try root.makeFile("file", in: inner, as: NewFile()) { try $0(Array("x".utf8)[...]) }
            try root.makeHardLink("again", to: file, in: inner)
            try root.setAttribute("security.capability", [1, 0, 0, 2, 0, 32, 0, 0], of: file)
        }
        try disk.check()
        let folder = "/usr/lib/modules/6.1"
        try disk.look { root in
            let inner = try root.folder(folder)
            #expect(try root.names(in: inner) == ["again", "disk", "fifo", "file", "long", "null", "short"])
            #expect(try root.target("short", in: inner) == "../target")
            #expect(try root.target("long", in: inner) == long)
            #expect(try root.attributes(of: inner).isDirectory)
        }
        #expect(try disk.debugfs("stat \(folder)/null").contains("Device major/minor number: 01:03"))
        #expect(try disk.debugfs("stat \(folder)/disk").contains("Device major/minor number: 259:300"))
        #expect(try disk.debugfs("stat \(folder)/again").contains("Links: 2"))
        #expect(try disk.debugfs("ea_get -x \(folder)/file security.capability").contains("01 00 00 02"))
    }

    @Test("what is removed gives its space back, and a directory is not removed")
    func removed() throws {
        let disk = try Ext4Disk { try $0.write(String(repeating: "x", count: 1 << 20), to: "etc/big") }
        let before = try disk.look { try $0.freeBytes(at: "/") }
        try disk.edit { root in
            let etc = try root.folder("/etc")
            try root.remove("big", in: etc)
            try root.remove("absent", in: etc)
            #expect(reported { try root.remove("etc", in: InodeNumber(EXT2_ROOT_INO)) }?.exitCode == .badInput)
        }
        try disk.check()
        #expect(try disk.look { try $0.freeBytes(at: "/") } == before + (1 << 20))
        #expect(try disk.text("/etc/big") == nil)
    }

    @Test("a directory takes 5,000 names, whether it has an index or not", arguments: [false, true])
    func manyNames(indexed: Bool) throws {
        let disk = try Ext4Disk("48M", ["-N", "12000"]) { content in
            for number in 0..<1_000 { try content.write("", to: "etc/many/before-\(number)") }
        }
        if indexed { _ = try attempt("e2fsck", "-fyD", disk.path.string) }
        #expect(try disk.debugfs("stat /etc/many").contains("Flags: 0x81000") == indexed)
        try disk.edit { root in
            let folder = try root.folder("/etc/many")
            for number in 0..<5_000 {
                _ = try root.makeFile("a-rather-long-name-of-a-module-\(number).ko", in: folder, as: NewFile()) { _ in }
            }
        }
        try disk.check()
        #expect(try disk.look { try $0.names(in: $0.folder("/etc/many")).count } == 6_000)
        #expect(try disk.look { try $0.find("/etc/many/a-rather-long-name-of-a-module-4999.ko") } != nil)
    }

    @Test("a large file with holes is read with zeroes in them, and copied to the host")
    func holes() throws {
        let disk = try Ext4Disk("32M") { content in
            let file = try Files.open(content("etc/sparse"), .writeOnly, .create)
            try file.closeAfter {
                try file.seek(offset: 30 << 20, from: .start)
                try Files.writeAll(file, Array("end".utf8), name: "sparse")
                try file.seek(offset: 5_000, from: .start)
                try Files.writeAll(file, Array("middle".utf8), name: "sparse")
            }
        }
        try disk.look { try $0.copy($0.folder("/etc/sparse"), to: disk.scratch("copy")) }
        let copy = try Files.read(disk.scratch("copy"), limit: 200 << 20)
        #expect(copy.count == (30 << 20) + 3)
        #expect(Array(copy[5_000..<5_006]) == Array("middle".utf8))
        #expect(Array(copy.suffix(3)) == Array("end".utf8))
        #expect(copy[6_000..<(30 << 20)].allSatisfy { $0 == 0 })
        let error = reported { _ = try disk.look { try $0.contents(of: $0.folder("/etc/sparse")) } }
        #expect(error?.exitCode == .badInput)
    }

    @Test(
        "file systems of other shapes are edited as well",
        arguments: [
            ["-b", "1024"], ["-b", "4096", "-I", "128"], ["-O", "^metadata_csum,^64bit"], ["-O", "^extents,^64bit"],
            ["-O", "inline_data"],
            ["-O", "^has_journal"], ["-O", "^dir_index"],
        ])
    func shapes(options: [String]) throws {
        let disk = try Ext4Disk("24M", options) { try $0.write("old", to: "etc/f") }
        var random = TestRandom(seed: 9)
        let bytes = random.bytes(200_000)
        try disk.edit { root in
            try root.put(Array("new".utf8), at: "/etc/f")
            try root.put(bytes, at: "/etc/g")
            try root.put(bytes, at: "/etc/f")
            try root.put([], at: "/etc/h")
        }
        try disk.check()
        #expect(try disk.look { try $0.contents(of: $0.folder("/etc/f")) } == bytes)
        #expect(try disk.look { try $0.contents(of: $0.folder("/etc/g")) } == bytes)
        #expect(try disk.text("/etc/h") == "")
    }
}
