@testable import Boot
import CArchive
import DevboxCore
import Disks
import SystemPackage
import TestSupport
import Testing

@Suite("Initrds")
struct InitrdTests {
    @Test("an initrd holds the script, the shell with its library, and the modules in the order in which they load")
    func content() throws {
        let disk = try KernelDisk()
        let bytes = try #require(try disk.withRoot { try Initrd.make(KernelDisk.version, from: $0, disk.recipe) })
        let files = try unpack(bytes)
        #expect(files["init"] == "#!/bin/sh\n")
        #expect(files["lib/klibc-test.so"] == "klibc")
        #expect(files["bin/sh"]?.contains("ELF") == true && files["bin/run-init"] != nil)
        #expect(
            files["devbox/modules"]
                == "virtio_ring.ko\nvirtio.ko\nvirtio_pci.ko\nmbcache.ko\njbd2.ko\next4.ko\n")
        #expect(files["modules/virtio_pci.ko"] == "module virtio-pci", "modules are decompressed")
        #expect(files["modules/bochs.ko"] == nil)
        #expect(files["devbox/sector"] == "2048\n")
    }

    @Test("a disk without klibc or a static busybox has no initrd made for it, and one with a static busybox has")
    func tools() throws {
        let disk = try KernelDisk()
        try Files.removeTree(disk.files("usr/lib/klibc"))
        #expect(try disk.withRoot { try Initrd.make(KernelDisk.version, from: $0, disk.recipe) } == nil)
        let source = try disk.scratch.write("int main(void) { return 0; }", to: "static.c")
        try Files.makeDirectory(disk.files("bin"))
        try tool("gcc", "-static", "-o", disk.files("bin/busybox").string, source.string)
        let bytes = try #require(try disk.withRoot { try Initrd.make(KernelDisk.version, from: $0, disk.recipe) })
        let files = try unpack(bytes)
        #expect(files["bin/busybox"] != nil && files["bin/sh"] == "-> busybox" && files["bin/switch_root"] != nil)
    }

    @Test("a modules.dep that names files elsewhere, or files that are not there, gives no initrd with them")
    func hostileModules() throws {
        let disk = try KernelDisk()
        let list = "lib/modules/\(KernelDisk.version)/modules.dep"
        try disk.files.write("secret", to: "etc/shadow")
        try disk.files.write(
            "../../../etc/shadow:\n/etc/ext4.ko:\nkernel/fs/ext4/ext4.ko: ../../../etc/shadow\n", to: list)
        let bytes = try #require(try disk.withRoot { try Initrd.make(KernelDisk.version, from: $0, disk.recipe) })
        #expect(try unpack(bytes)["devbox/modules"] == "ext4.ko\n")
        try disk.files.write("kernel/fs/ext4.ko:\n", to: list)
        let error = reported { _ = try disk.withRoot { try Initrd.make(KernelDisk.version, from: $0, disk.recipe) } }
        #expect(error?.exitCode == .badInput && error?.message.contains("listed in modules.dep") == true)
    }

    @Test("modules that need each other in a circle come once each")
    func circle() throws {
        let disk = try KernelDisk()
        try disk.files.write(
            "kernel/fs/ext4/ext4.ko: kernel/fs/mbcache.ko\nkernel/fs/mbcache.ko: kernel/fs/ext4/ext4.ko\n",
            to: "lib/modules/\(KernelDisk.version)/modules.dep")
        let bytes = try #require(try disk.withRoot { try Initrd.make(KernelDisk.version, from: $0, disk.recipe) })
        #expect(try unpack(bytes)["devbox/modules"] == "mbcache.ko\next4.ko\n")
    }

    /// The files of a cpio archive as libarchive reads them; a link is "-> target".
    private func unpack(_ bytes: [UInt8]) throws -> [String: String] {
        let archive = archive_read_new()
        defer { archive_read_free(archive) }
        archive_read_support_format_cpio(archive)
        var result: [String: String] = [:]
        try bytes.withUnsafeBytes { bytes in
            try #require(archive_read_open_memory(archive, bytes.baseAddress, bytes.count) == ARCHIVE_OK)
            var entry: OpaquePointer?
            while archive_read_next_header(archive, &entry) == ARCHIVE_OK {
                let name = String(cString: archive_entry_pathname(entry))
                if let target = archive_entry_symlink(entry) {
                    result[name] = "-> \(String(cString: target))"
                    continue
                }
                var content = [UInt8](repeating: 0, count: Int(archive_entry_size(entry)))
                let count = content.withUnsafeMutableBytes { archive_read_data(archive, $0.baseAddress, $0.count) }
                #expect(count == content.count)
                result[name] = String(decoding: content, as: UTF8.self)
            }
        }
        return result
    }
}
