@testable import Boot
import DevboxCore
import Disks
import SystemPackage
import Templates
import TestSupport
import Testing

@Suite("Initrds of appliances")
struct ApplianceInitrdTests {
    /// The kernel's disk with the drivers that an appliance needs, and the tools.
    private func disk() throws -> KernelDisk {
        let disk = try KernelDisk()
        let modules = "lib/modules/\(KernelDisk.version)"
        var list = try Files.text(disk.files("\(modules)/modules.dep"))
        for name in ["block/virtio_blk", "char/virtio_console"] {
            list += "kernel/drivers/\(name).ko: kernel/drivers/virtio/virtio.ko kernel/drivers/virtio/virtio_ring.ko\n"
            try disk.files.write("module \(name)", to: "\(modules)/kernel/drivers/\(name).ko")
        }
        try disk.files.write(list, to: "\(modules)/modules.dep")
        try disk.files.write("kernel/lib/crc16.ko\n", to: "\(modules)/modules.builtin")
        for name in ["chroot", "cat", "ln", "mknod"] {
            try tool("cp", disk.scratch("tool").string, disk.files("usr/lib/klibc/bin/\(name)").string)
        }
        return disk
    }

    private func make(_ disk: KernelDisk, checks: Bool = false) throws -> ApplianceInitrd {
        let work = try WorkDirectory(given: disk.scratch("work").string, environment: [:])
        return try disk.withRoot {
            try ApplianceInitrd(for: KernelDisk.version, from: $0, Templates(work, environment: [:]), checks: checks)
        }
    }

    @Test("hold the init, the scripts that it runs commands by, and drivers: those of the disk first, then the others")
    func content() throws {
        let disk = try disk()
        let modules = "lib/modules/\(KernelDisk.version)"
        try disk.files.write(
            Files.text(disk.files("\(modules)/modules.dep"))
                + "kernel/net/9p/9pnet.ko:\nkernel/net/9p/9pnet_virtio.ko: kernel/net/9p/9pnet.ko kernel/drivers/virtio/virtio.ko\n"
                + "kernel/fs/9p/9p.ko: kernel/net/9p/9pnet.ko\n", to: "\(modules)/modules.dep")
        for name in ["net/9p/9pnet", "net/9p/9pnet_virtio", "fs/9p/9p"] {
            try disk.files.write("module \(name)", to: "\(modules)/kernel/\(name).ko")
        }
        let initrd = try make(disk)
        let files = try InitrdTests().unpack(initrd.bytes)
        #expect(files["init"]?.hasPrefix("#!/bin/sh\n# devbox: the whole of an appliance's initrd") == true)
        #expect(files["devbox/run"]?.contains("tell begins") == true)
        #expect(files["sbin/modprobe"]?.contains("chroot /keep") == true)
        #expect(files["bin/chroot"] != nil && files["bin/mknod"] != nil && files["bin/run-init"] == nil)
        #expect(
            files["devbox/modules"]
                == "virtio_ring.ko\nvirtio.ko\nvirtio_pci.ko\nvirtio_blk.ko\nvirtio_console.ko\nmbcache.ko\njbd2.ko\next4.ko\n"
        )
        #expect(files["devbox/late"] == "9pnet.ko\n9pnet_virtio.ko\n9p.ko\n")
        #expect(initrd.unshared == nil)
    }

    @Test("of a kernel that has no 9p tell why it shows no folder")
    func unshared() throws {
        let initrd = try make(disk())
        #expect(
            initrd.unshared
                == "the kernel \(KernelDisk.version) has no 9pnet_virtio and no 9p, neither built in nor as a module")
        #expect(try InitrdTests().unpack(initrd.bytes)["devbox/late"] == "")
    }

    @Test("are none for a kernel without a driver for the ports, and none that check where the disk has no e2fsck")
    func missing() throws {
        let disk = try disk()
        let failure = try #require(throws: Failure.self) { try make(disk, checks: true) }
        #expect(failure.exitCode == .environment && failure.message.contains("e2fsck"))
        let list = disk.files("lib/modules/\(KernelDisk.version)/modules.dep")
        let lines = try Files.text(list).split(separator: "\n").filter { !$0.contains("virtio_console") }
        try disk.files.write(
            lines.map { $0 + "\n" }.joined(), to: "lib/modules/\(KernelDisk.version)/modules.dep")
        let other = try #require(throws: Failure.self) { try make(disk) }
        #expect(other.exitCode == .environment && other.message.contains("it has no virtio_console"))
    }
}
