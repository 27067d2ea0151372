import DevboxCore
@testable import Disks
import SystemPackage
import TestSupport
import Testing

@Suite("File systems seen as one")
struct MountsTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    private func image(_ name: String, _ files: [String: String], links: [String: String] = [:]) throws -> FilePath {
        let tree = try ScratchDirectory()
        for (path, text) in files { try tree.write(text, to: path) }
        for (path, target) in links { try tool("ln", "-s", target, tree(path).string) }
        let path = scratch(name)
        try tool("mke2fs", "-q", "-F", "-t", "ext4", "-d", tree.path.string, path.string, "8M")
        return path
    }

    private func joined(writable: Bool = false) throws -> Ext4FileSystem {
        let root = try image(
            "root", ["boot/stale": "below", "etc/x": "x", "var/keep": ""],
            links: ["kernel": "boot/vmlinuz", "boot2": "/boot", "up": "boot/../etc/x"])
        let boot = try image(
            "boot", ["vmlinuz": "kernel", "grub/cfg": "menu"], links: ["out": "../etc/x", "absolute": "/etc/x"])
        let inner = try image("inner", ["deep": "deepest"])
        var whole = try Ext4FileSystem(on: FileDevice(root, writable: writable), disk: "test", writable: writable)
        let first = try whole.mount(FileDevice(boot, writable: writable), at: "/boot", writable: writable)
        let second = try whole.mount(FileDevice(inner, writable: writable), at: "/boot/grub", writable: writable)
        let nowhere = try whole.mount(FileDevice(inner), at: "/nowhere")
        let onFile = try whole.mount(FileDevice(inner), at: "/etc/x")
        #expect(first && second && !nowhere && !onFile)
        return whole
    }

    @Test("paths, links and lists lead across them, and what is covered is not seen")
    func reading() throws {
        let whole = try joined()
        for (path, text) in [
            ("/boot/vmlinuz", "kernel"), ("/kernel", "kernel"), ("/boot2/vmlinuz", "kernel"), ("/up", "x"),
            ("/boot/out", "x"), ("/boot/absolute", "x"), ("/boot/grub/deep", "deepest"),
            ("/boot/grub/../vmlinuz", "kernel"),
            ("/../etc/x", "x"),
        ] { #expect(try whole.text(path) == text, "\(path)") }
        #expect(try whole.find("/boot/stale") == nil && whole.find("/boot/grub/cfg") == nil)
        #expect(try whole.find("/etc/x/y") == nil && whole.find("/etc/none/x") == nil)
        let top = try #require(try whole.find("/"))
        let boot = try #require(try whole.lookUp("boot", in: top))
        #expect(try whole.names(in: boot).filter { $0 != "lost+found" } == ["absolute", "grub", "out", "vmlinuz"])
        let listed = try #require(try whole.entries(in: top, limit: 100).first { $0.name == "boot" })
        #expect(listed.inode == boot)
        let kernel = try #require(try whole.find("/boot/vmlinuz"))
        var bytes: [UInt8] = []
        try whole.read(whole.extents(of: kernel)) { _, part in bytes += part }
        #expect(String(decoding: bytes, as: UTF8.self) == "kernel")
    }

    @Test("links in a circle end")
    func circle() throws {
        let root = try image("root", ["boot/a": ""], links: ["one": "two", "two": "one"])
        let other = try image("other", ["b": ""])
        var whole = try Ext4FileSystem(on: FileDevice(root), disk: "test")
        _ = try whole.mount(FileDevice(other), at: "/boot")
        #expect(try whole.find("/one") == nil)
    }

    @Test("an edit reaches the file system that holds the path, and all of them stay sound")
    func writing() throws {
        let whole = try joined(writable: true)
        try whole.put(Array("new".utf8), at: "/boot/vmlinuz")
        try whole.put(Array("more".utf8), at: "/boot/grub/more")
        try whole.makeDirectories("/boot/a/b")
        try whole.put(Array("root".utf8), at: "/etc/y")
        let boot = try #require(try whole.find("/boot"))
        try whole.remove("out", in: boot)
        #expect(reported { try whole.remove("grub", in: boot) }?.exitCode == .badInput)
        try whole.close()
        for (name, file, text) in [("boot", "/vmlinuz", "new"), ("inner", "/more", "more"), ("root", "/etc/y", "root")]
        {
            try tool("e2fsck", "-fn", scratch(name).string)
            #expect(try Ext4FileSystem(on: FileDevice(scratch(name)), disk: name).text(file) == text)
        }
        #expect(try Ext4FileSystem(on: FileDevice(scratch("boot")), disk: "boot").find("/a/b") != nil)
    }

    @Test("the space is that of the file system that holds a path, or would")
    func space() throws {
        let whole = try joined(writable: true)
        let before = try (whole.freeBytes(at: "/boot/new/file"), whole.freeBytes(at: "/"))
        try whole.put([UInt8](repeating: 7, count: 1 << 20), at: "/boot/large")
        #expect(try before.0 - whole.freeBytes(at: "/boot/new") >= 1 << 20)
        #expect(try whole.freeBytes(at: "/etc") == before.1)
    }

    @Test("a partition is known by its table and by what it holds")
    func identities() throws {
        let disk = scratch("disk.raw")
        try tool("truncate", "-s", "32M", disk.string)
        try tool(
            "sfdisk", "-q", disk.string,
            input: "label: gpt\nsize=8M, name=\"my name\", uuid=ABCDEF01-2345-4678-9ABC-DEF012345678\nsize=8M\n")
        let one = scratch("one").string
        try tool(
            "mke2fs", "-q", "-F", "-t", "ext4", "-L", "LABEL", "-U", "01234567-89ab-4def-8123-456789abcdef", one, "8M")
        try tool("dd", "if=\(one)", "of=\(disk)", "bs=1M", "seek=1", "conv=notrunc", "status=none")
        let found = try PartitionIdentity.all(of: FileDevice(disk), name: "disk")
        #expect(found.map(\.number) == [1, 2] && found.map(\.partLabel) == ["my name", nil])
        #expect(found[0].partUUID == "abcdef01-2345-4678-9abc-def012345678")
        #expect(found[0].content.kind == "ext4" && found[0].content.label == "LABEL")
        #expect(found[0].content.uuid == "01234567-89ab-4def-8123-456789abcdef" && found[1].content.kind == nil)
    }
}
