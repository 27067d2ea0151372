@testable import Boot
import DevboxCore
import Disks
import SystemPackage
import TestSupport
import Testing

@Suite("Kernels in /boot")
struct BootFilesTests {
    @Test("the newest kernel comes first, and a candidate behind its release")
    func order() throws {
        let disk = try KernelDisk()
        for version in ["6.12.0-rc1", "6.1.0-9-amd64", "6.12.0"] {
            try disk.files.write("kernel", to: "boot/vmlinuz-\(version)")
        }
        let versions = try disk.withRoot { try BootFiles.installed(on: $0, .amd64).map(\.version) }
        #expect(versions == ["6.12.0", "6.12.0-rc1", "6.1.0-47-amd64", "6.1.0-9-amd64"])
    }

    @Test(
        "a kernel's version that could leave the folder, or is a spare copy, is none",
        arguments: [
            "../../etc/passwd", "6.1/x", "6.1.0 x", "6.1\n", "", "x6.1", "6.1.0-47-amd64.old", "6.1.dpkg-new",
            "6.1.dpkg-bak", "6.1.bak", "6.1~",
            "6.1.rpmsave", "6'1",
            "6\"",
        ])
    func hostileVersion(text: String) {
        #expect(!BootFiles.isVersion(text))
        #expect(BootFiles.isVersion("6.1.0-47-cloud-amd64"))
    }

    @Test("a kernel without an initrd gets one of devbox's; it is made anew when the modules change, and only then")
    func initrdIsMade() throws {
        let disk = try KernelDisk()
        let boot = try disk.scratch.directory("boot")
        let first = try disk.refresh([], to: boot)
        #expect(first.map(\.version) == ["6.1.0-47-amd64"])
        let made = try #require(first.first?.initrd)
        #expect(try Files.read(boot.appending(made)).starts(with: Array("070701".utf8)))
        #expect(try disk.refresh(first, to: boot) == first)

        try disk.files.write("kernel/fs/ext4/ext4.ko:\n", to: "lib/modules/6.1.0-47-amd64/modules.dep")
        let second = try disk.refresh(first, to: boot)
        #expect(second.first?.initrd != made)
        #expect(Files.exists(boot.appending(made)), "another guest may still start from it")
    }

    @Test("an initrd that the guest's own tools made is used as it is")
    func ownInitrd() throws {
        let disk = try KernelDisk()
        try disk.files.write("theirs", to: "boot/initrd.img-6.1.0-47-amd64")
        let boot = try disk.scratch.directory("boot")
        let kernels = try disk.refresh([], to: boot)
        #expect(try Files.text(boot.appending(#require(kernels.first?.initrd))) == "theirs")
    }

    @Test("a link to a kernel elsewhere on the disk is that kernel; one beside its kernel is another name of it")
    func links() throws {
        let disk = try KernelDisk()
        let (boot, version) = (try disk.scratch.directory("boot"), "6.4.0-1-default")
        try disk.files.write("theirs", to: "usr/lib/modules/\(version)/vmlinuz")
        try disk.files.write("initrd", to: "usr/lib/initrd")
        for (name, target) in [
            ("vmlinuz-\(version)", "../usr/lib/modules/\(version)/vmlinuz"), ("initrd-\(version)", "/usr/lib/initrd"),
            ("vmlinuz-6", "vmlinuz-\(KernelDisk.version)"), ("vmlinuz-6.5", "vmlinuz-\(version)"),
            ("vmlinuz-9", "../gone"), ("vmlinuz-8", "../../../../etc"), ("vmlinuz-7", "vmlinuz-7"),
        ] { try tool("ln", "-s", target, disk.files("boot/\(name)").string) }
        let kernels = try disk.refresh([], to: boot)
        #expect(kernels.map(\.version) == [version, KernelDisk.version])
        let kernel = try #require(kernels.first)
        #expect(try Files.text(boot.appending(kernel.vmlinuz)) == "theirs")
    }

    @Test("initrds are found by each name that distributions give them", arguments: ["initramfs-%.img", "initrd-%"])
    func otherNames(name: String) throws {
        let disk = try KernelDisk()
        try disk.files.write("theirs", to: "boot/" + name.replacing("%", with: KernelDisk.version))
        let boot = try disk.scratch.directory("boot")
        let kernels = try disk.refresh([], to: boot)
        #expect(try Files.text(boot.appending(#require(kernels.first?.initrd))) == "theirs")
    }

    @Test(
        "what lies beside a kernel, and an empty file, are no kernels, whatever they are called; an empty initrd is none"
    )
    func aside() throws {
        let disk = try KernelDisk()
        let boot = try disk.scratch.directory("boot")
        for name in ["sha256", "unsigned", "gz", "backup", "efi.sbat"] {
            try disk.files.write("x", to: "boot/vmlinuz-\(KernelDisk.version).\(name)")
        }
        try disk.files.write("", to: "boot/vmlinuz-6.98")
        try disk.files.write("", to: "boot/initrd.img-\(KernelDisk.version)")
        // A build of the user's own may be called so; it has modules.
        let own = "\(KernelDisk.version).custom"
        try disk.files.write("own", to: "boot/vmlinuz-\(own)")
        try disk.files.write("", to: "lib/modules/\(own)/modules.dep")
        let kernels = try disk.refresh([], to: boot)
        #expect(Set(kernels.map(\.version)) == [own, KernelDisk.version])
        let made = try #require(kernels.first { $0.version == KernelDisk.version }?.initrd)
        #expect(try Files.read(boot.appending(made)).starts(with: Array("070701".utf8)))
    }

    @Test("a vmlinux is a kernel on ppc64el, where there is no vmlinuz of its version, and symbols everywhere else")
    func symbols() throws {
        let disk = try KernelDisk()
        try disk.files.write("symbols", to: "boot/vmlinux-\(KernelDisk.version)")
        try disk.files.write("kernel", to: "boot/vmlinux-6.9-powerpc64le")
        let boot = try disk.scratch.directory("boot")
        let kernels = try disk.refresh([], .ppc64el, to: boot)
        #expect(kernels.map(\.version) == ["6.9-powerpc64le", KernelDisk.version])
        #expect(try Files.text(boot.appending(#require(kernels.last?.vmlinuz))) == "kernel")
        #expect(try disk.refresh([], to: boot).map(\.version) == [KernelDisk.version])
    }

    @Test("symbols that are left when their kernel is removed become no kernel")
    func symbolsAlone() throws {
        let disk = try KernelDisk()
        try disk.files.write("symbols", to: "boot/vmlinux-\(KernelDisk.version)")
        let boot = try disk.scratch.directory("boot")
        let kernels = try disk.refresh([], to: boot)
        try Files.remove(disk.files("boot/vmlinuz-\(KernelDisk.version)"))
        #expect(try disk.refresh(kernels, to: boot).isEmpty)
    }

    @Test("a kernel that could not start for want of a shell or a driver can, once that is installed")
    func mended() throws {
        let disk = try KernelDisk()
        let boot = try disk.scratch.directory("boot")
        let klibc = disk.files("usr/lib/klibc")
        try tool("mv", klibc.string, disk.scratch("klibc").string)
        let without = try disk.refresh([], to: boot)
        #expect(without.first?.obstacle?.contains("no initrd") == true)
        #expect(try disk.refresh(without, to: boot) == without)
        try tool("mv", disk.scratch("klibc").string, klibc.string)
        let mended = try disk.refresh(without, to: boot)
        let kernel = try #require(mended.first)
        #expect(kernel.obstacle == nil && kernel.files.count == 2)
        for file in kernel.files { #expect(Files.exists(boot.appending(file))) }
        #expect(try disk.refresh(mended, to: boot) == mended)

        let builtIn = "lib/modules/\(KernelDisk.version)/modules.builtin"
        try disk.files.write("kernel/drivers/block/loop.ko\n", to: builtIn)
        let lacking = try disk.refresh([], to: boot)
        #expect(lacking.first?.obstacle?.contains("no virtio_blk") == true)
        try disk.files.write("kernel/drivers/block/virtio_blk.ko\n", to: builtIn)
        #expect(try disk.refresh(lacking, to: boot).first?.obstacle == nil)
    }

    @Test("a kernel without the bus of its disk cannot start, and one whose modules nobody has listed says so")
    func bus() throws {
        let disk = try KernelDisk()
        let boot = try disk.scratch.directory("boot")
        let modules = "lib/modules/\(KernelDisk.version)"
        try disk.files.write("kernel/drivers/block/virtio_blk.ko\n", to: "\(modules)/modules.builtin")
        try Files.remove(disk.files("\(modules)/modules.dep"))
        let unlisted = try #require(try disk.refresh([], to: boot).first?.obstacle)
        #expect(unlisted.contains("virtio_pci, ext4") && unlisted.contains("depmod(8) has not run"))
        try disk.files.write("kernel/fs/ext4/ext4.ko:\n", to: "\(modules)/modules.dep")
        let lacking = try #require(try disk.refresh([], to: boot).first?.obstacle)
        #expect(lacking == "it has no virtio_pci, neither built in nor as a module")
    }

    @Test(
        "a kernel of which no initrd can be made, or that lacks a driver, is there with the reason why it cannot start")
    func obstacles() throws {
        let disk = try KernelDisk()
        let boot = try disk.scratch.directory("boot")
        #expect(try disk.refresh([], to: boot).first?.obstacle == nil, "nothing is known of what is built in")
        let builtIn = "lib/modules/\(KernelDisk.version)/modules.builtin"
        try disk.files.write("kernel/drivers/block/loop.ko\n", to: builtIn)
        #expect(try disk.refresh([], to: boot).first?.obstacle?.contains("no virtio_blk") == true)
        try disk.files.write("kernel/drivers/block/virtio_blk.ko\n", to: builtIn)
        #expect(try disk.refresh([], to: boot).first?.obstacle == nil)

        try Files.removeTree(disk.files("usr/lib/klibc"))
        let without = try disk.refresh([], to: boot)
        #expect(without.first?.initrd == nil && without.first?.obstacle?.contains("no initrd") == true)
        try disk.files.write("theirs", to: "boot/initrd.img-\(KernelDisk.version)")
        #expect(try disk.refresh([], to: boot).first?.obstacle == nil)
    }
}
