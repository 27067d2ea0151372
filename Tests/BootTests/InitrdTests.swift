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
        let bytes = try #require(try disk.initrd())
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
        #expect(try disk.initrd() == nil)
        let source = try disk.scratch.write("int main(void) { return 0; }", to: "static.c")
        try Files.makeDirectory(disk.files("bin"))
        // A script of that name is none.
        try disk.files.write("#!/bin/sh\n", to: "bin/busybox")
        #expect(try disk.initrd() == nil)
        try tool("gcc", "-static", "-o", disk.files("bin/busybox").string, source.string)
        let bytes = try #require(try disk.initrd())
        let files = try unpack(bytes)
        #expect(files["bin/busybox"] != nil && files["bin/sh"] == "-> busybox" && files["bin/switch_root"] != nil)
    }

    @Test(
        "a disk with none of these has an initrd of the programs that it works with, and the libraries that they load")
    func ownPrograms() throws {
        let disk = try KernelDisk()
        try Files.removeTree(disk.files("usr/lib/klibc"))
        let source = try disk.scratch.write("int f(void); int main(void) { return f(); }", to: "own.c")
        let library = try disk.scratch.write("int puts(const char *); int f(void) { return puts(\"x\"); }", to: "f.c")
        try Files.makeDirectory(disk.files("usr/lib/x86_64-linux-gnu"))
        let shared = disk.files("usr/lib/x86_64-linux-gnu/libf.so.1")
        try tool("gcc", "-shared", "-fPIC", "-Wl,-soname,libf.so.1", "-o", shared.string, library.string)
        let program = disk.scratch("own").string
        try tool("gcc", "-o", program, source.string, shared.string, "-Wl,--dynamic-linker=/lib64/ld-test.so.1")
        for path in ["bin/sh", "usr/bin/mount", "usr/bin/mkdir", "usr/bin/kmod", "usr/sbin/switch_root"] {
            try Files.makeDirectory(disk.files(path).removingLastComponent())
            try tool("cp", program, disk.files(path).string)
        }
        try Files.makeDirectory(disk.files("sbin"))
        try tool("ln", "-s", "../usr/bin/kmod", disk.files("sbin/insmod").string)
        try disk.files.write("loader", to: "lib64/ld-test.so.1")
        try disk.files.write("no library of this kind", to: "lib/libf.so.1")
        #expect(try disk.initrd() == nil, "no sleep")
        try tool("cp", program, disk.files("usr/bin/sleep").string)
        #expect(try disk.initrd() == nil, "no libc")
        let libc = try tool("gcc", "-print-file-name=libc.so.6").filter { !$0.isNewline }
        try tool("cp", "-L", libc, disk.files("usr/lib/x86_64-linux-gnu/libc.so.6").string)
        let ldso = try tool("gcc", "-print-file-name=ld-linux-x86-64.so.2").filter { !$0.isNewline }
        try tool("cp", "-L", ldso, disk.files("lib64/ld-linux-x86-64.so.2").string)
        let bytes = try #require(try disk.initrd())
        let files = try unpack(bytes)
        #expect(files["bin/insmod"] == files["bin/sh"] && files["bin/switch_root"] != nil)
        #expect(files["lib/ld-test.so.1"] == "loader" && files["lib64"] == "-> lib" && files["usr/lib"] == "-> ../lib")
        #expect(files["lib/libf.so.1"]?.contains("ELF") == true && files["lib/libc.so.6"] != nil)

        // Of libraries of other machines, as large as they may be, the beginning is enough.
        var foreign = try Files.read(shared)
        foreign[18] ^= 0xFF
        for folder in ["lib64", "lib"] {
            let path = disk.files("\(folder)/libf.so.1")
            try Files.writeAtomically(foreign + [UInt8](repeating: 1, count: 5 << 20), to: path, mode: 0o644)
        }
        _ = try disk.withRoot { _ in }
        let device = try CountingDevice(disk.scratch("disk.raw"))
        let root = try Ext4FileSystem(on: device, disk: "disk.raw")
        _ = try #require(try BootFiles.initrd(for: KernelDisk.version, from: root, recipe: disk.recipe))
        #expect(device.count < 6 << 20, "\(device.count) bytes were read")
    }

    /// A disk that counts what is read of it.
    private final class CountingDevice: BlockDevice {
        private let file: FileDevice
        var count = 0
        var size: Int64 { file.size }

        init(_ path: FilePath) throws { file = try FileDevice(path) }

        func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) throws {
            count += buffer.count
            try file.read(at: offset, into: buffer)
        }
        func write(at offset: Int64, from buffer: UnsafeRawBufferPointer) throws {}
        func flush() throws {}
    }

    @Test("what a program loads is read out of it; what is no program, or cut off anywhere, has nothing")
    func linkage() throws {
        let scratch = try ScratchDirectory()
        let source = try scratch.write("int main(void) { return 0; }", to: "x.c")
        try tool("gcc", "-o", scratch("x").string, source.string)
        let bytes = try Files.read(scratch("x"))
        let linkage = try #require(ELFLinkage(bytes))
        #expect(linkage.needed == ["libc.so.6"] && linkage.interpreter?.contains("/ld-linux") == true)
        try tool("gcc", "-static", "-o", scratch("static").string, source.string)
        let alone = try #require(try ELFLinkage(Files.read(scratch("static"))))
        #expect(alone.needed.isEmpty && alone.interpreter == nil)
        #expect(ELFLinkage(Array("#!/bin/sh\n".utf8)) == nil && ELFLinkage([]) == nil)
        for count in stride(from: 0, to: min(bytes.count, 4096), by: 7) { _ = ELFLinkage(Array(bytes[..<count])) }
        var random = SystemRandomNumberGenerator()
        for _ in 0..<300 {
            var damaged = bytes
            for _ in 0..<4 { damaged[Int.random(in: 0..<1024, using: &random)] = .random(in: .min ... .max) }
            _ = ELFLinkage(damaged)
        }
    }

    @Test("where /usr has a partition of its own, the initrd knows where")
    func usr() throws {
        let disk = try KernelDisk()
        var recipe = InitrdRecipe(script: "", modules: "", sector: 2048, usr: 4096)
        let bytes = try #require(try disk.initrd(recipe))
        #expect(try unpack(bytes)["devbox/usr"] == "4096\n")
        let other = recipe.fingerprint
        recipe = InitrdRecipe(script: "", modules: "", sector: 2048)
        #expect(recipe.fingerprint != other)
    }

    @Test("a modules.dep that names files elsewhere, or files that are not there, gives no initrd with them")
    func hostileModules() throws {
        let disk = try KernelDisk()
        let list = "lib/modules/\(KernelDisk.version)/modules.dep"
        try disk.files.write("secret", to: "etc/shadow")
        try disk.files.write(
            "../../../etc/shadow:\n/etc/ext4.ko:\nkernel/fs/ext4/ext4.ko: ../../../etc/shadow\n", to: list)
        let bytes = try #require(try disk.initrd())
        #expect(try unpack(bytes)["devbox/modules"] == "ext4.ko\n")
        try disk.files.write("kernel/fs/ext4.ko:\n", to: list)
        let error = reported { _ = try disk.initrd() }
        #expect(error?.exitCode == .badInput && error?.message.contains("listed in modules.dep") == true)
    }

    @Test("modules that need each other in a circle come once each")
    func circle() throws {
        let disk = try KernelDisk()
        try disk.files.write(
            "kernel/fs/ext4/ext4.ko: kernel/fs/mbcache.ko\nkernel/fs/mbcache.ko: kernel/fs/ext4/ext4.ko\n",
            to: "lib/modules/\(KernelDisk.version)/modules.dep")
        let bytes = try #require(try disk.initrd())
        #expect(try unpack(bytes)["devbox/modules"] == "mbcache.ko\next4.ko\n")
    }

    /// The files of a cpio archive as libarchive reads them; a link is "-> target".
    func unpack(_ bytes: [UInt8]) throws -> [String: String] {
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
