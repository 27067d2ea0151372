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
        let versions = try disk.withRoot { try BootFiles.installed(on: $0).map(\.version) }
        #expect(versions == ["6.12.0", "6.12.0-rc1", "6.1.0-47-amd64", "6.1.0-9-amd64"])
    }

    @Test(
        "a kernel's version that could leave the folder, or is a spare copy, is none",
        arguments: [
            "../../etc/passwd", "6.1/x", "6.1.0 x", "6.1\n", "", "x6.1", "6.1.0-47-amd64.old", "6.1.dpkg-new", "6'1",
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
}
