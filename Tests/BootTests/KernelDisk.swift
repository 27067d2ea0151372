@testable import Boot
import DevboxCore
import Disks
import Glibc
import SystemPackage
import TestSupport

/// A disk with a kernel, its modules and klibc's shell, as Debian lays them out.
struct KernelDisk {
    let scratch: ScratchDirectory
    /// What the disk is made of.
    let files: ScratchDirectory
    static let version = "6.1.0-47-amd64"

    init() throws {
        scratch = try ScratchDirectory()
        files = try ScratchDirectory()
        let modules = "lib/modules/\(Self.version)"
        try files.write("kernel", to: "boot/vmlinuz-\(Self.version)")
        try files.write(
            """
            kernel/fs/ext4/ext4.ko: kernel/fs/mbcache.ko kernel/fs/jbd2/jbd2.ko
            kernel/fs/jbd2/jbd2.ko:
            kernel/fs/mbcache.ko:
            kernel/drivers/virtio/virtio-pci.ko.xz: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko
            kernel/drivers/virtio/virtio.ko: kernel/drivers/virtio/virtio_ring.ko
            kernel/drivers/virtio/virtio_ring.ko:
            kernel/drivers/gpu/drm/bochs.ko: kernel/fs/mbcache.ko

            """, to: "\(modules)/modules.dep")
        for name in [
            "fs/ext4/ext4", "fs/jbd2/jbd2", "fs/mbcache", "drivers/virtio/virtio", "drivers/virtio/virtio_ring",
        ] {
            try files.write("module \(name)", to: "\(modules)/kernel/\(name).ko")
        }
        try files.write("module virtio-pci", to: "\(modules)/kernel/drivers/virtio/virtio-pci.ko")
        try tool("xz", files("\(modules)/kernel/drivers/virtio/virtio-pci.ko").string)

        let source = try scratch.write("int main(void) { return 0; }", to: "tool.c")
        let program = scratch("tool")
        try tool("gcc", "-o", program.string, "-Wl,--dynamic-linker=/lib/klibc-test.so", source.string)
        for name in ["sh", "mount", "mkdir", "insmod", "run-init", "sleep"] {
            try Files.makeDirectory(files("usr/lib/klibc/bin"))
            try tool("cp", program.string, files("usr/lib/klibc/bin/\(name)").string)
        }
        try files.write("klibc", to: "lib/klibc-test.so")
    }

    /// Hands the file system to `body`, made of the files as they are now.
    func withRoot<T>(_ body: (borrowing Ext4FileSystem) throws -> T) throws -> T {
        let raw = scratch("disk.raw")
        try Files.remove(raw)
        try tool("mke2fs", "-q", "-F", "-t", "ext4", "-d", files.path.string, raw.string, "16M")
        let root = try Ext4FileSystem(on: FileDevice(raw), disk: "disk.raw")
        return try body(root)
    }

    func refresh(_ known: [BootKernel], _ architecture: Architecture = .amd64, to folder: FilePath) throws
        -> [BootKernel]
    {
        try withRoot { root in try BootFiles.refresh(known, from: root, architecture, to: folder, recipe: recipe) }
    }

    /// The initrd that devbox makes for its kernel.
    func initrd(_ recipe: InitrdRecipe? = nil) throws -> [UInt8]? {
        try withRoot { try BootFiles.initrd(for: Self.version, from: $0, recipe: recipe ?? self.recipe) }
    }

    let recipe = InitrdRecipe(script: "#!/bin/sh\n", modules: "# some\nvirtio_pci\next4 # last\n\nnone\n", sector: 2048)
}

extension ScratchDirectory {
    /// A new folder in it.
    func directory(_ name: String) throws -> FilePath {
        try Files.makeDirectory(self(name))
        return self(name)
    }
}
