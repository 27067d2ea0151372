import DevboxCore
import Disks
import TestSupport
import Testing

@testable import Kernels

@Suite("Initrds of a guest's own", .timeLimit(.minutes(5)))
struct OwnInitrdsTests {
    private let scratch: ScratchDirectory
    private let files: ScratchDirectory

    init() throws {
        (scratch, files) = (try ScratchDirectory(), try ScratchDirectory())
        for name in ["initrd.img-6.1.0", "initrd.img-6.1.0-1", "initramfs-6.2.0.img", "initrd-6.3.0", "vmlinuz-6.4.0"] {
            try files.write("one", to: "boot/\(name)")
        }
    }

    private func initrds() throws -> OwnInitrds {
        let raw = scratch("disk.raw")
        try Files.remove(raw)
        try tool(
            "mke2fs", "-q", "-F", "-t", "ext4", "-E", "root_owner=0:0", "-d", files.path.string, raw.string, "16M")
        return try OwnInitrds(on: Ext4FileSystem(on: FileDevice(raw), disk: "disk"))
    }

    @Test("each name that distributions have for an initrd is known, and a longer version's is another one's")
    func names() throws {
        let found = try initrds()
        #expect(found.paths(of: ["6.1.0", "6.2.0"]) == ["/boot/initrd.img-6.1.0", "/boot/initramfs-6.2.0.img"])
        #expect(found.paths(of: ["6.3.0", "6.4.0", "6.1"]) == ["/boot/initrd-6.3.0"])
    }

    @Test("one that was not made anew with its kernel is of another build; one that was, or is new, is not")
    func unchanged() throws {
        // The times of the files are on the disk as they are here.
        let raw = scratch("disk.raw")
        func write(_ commands: String) throws {
            try tool("debugfs", "-w", "-f", "/dev/stdin", raw.string, input: commands)
        }
        let before = try initrds()
        let versions = ["6.1.0", "6.1.0-1", "6.2.0", "6.5.0"]
        let there = try OwnInitrds(on: Ext4FileSystem(on: FileDevice(raw), disk: "disk"))
        #expect(there.unchanged(since: before, of: ["6.1.0-1", "6.5.0"]) == ["/boot/initrd.img-6.1.0-1"])
        let other = try scratch.write("two, and longer", to: "new")
        try write(
            "rm /boot/initrd.img-6.1.0\nwrite \(other) /boot/initrd.img-6.1.0\nwrite \(other) /boot/initrd-6.5.0\n"
                + "set_inode_field /boot/initramfs-6.2.0.img mtime 20300101\n")
        let after = try OwnInitrds(on: Ext4FileSystem(on: FileDevice(raw), disk: "disk"))
        #expect(after.unchanged(since: before, of: versions) == ["/boot/initrd.img-6.1.0-1"])
    }
}
