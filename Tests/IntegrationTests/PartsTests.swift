import DevboxCore
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    @Suite("Systems with parts on other partitions", .serialized)
    struct PartsTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        /// The base image's system with /boot and /var on partitions of their own, as a raw disk with a GPT.
        private func makeDisk(in scratch: ScratchDirectory) throws -> FilePath {
            let script = """
                set -e
                qemu-img convert -f qcow2 -O raw "$1" root.raw
                mkdir tree
                for part in boot var; do debugfs -R "rdump /$part tree" root.raw; done
                mke2fs -q -F -t ext4 -L BOOT -E root_owner=0:0 -d tree/boot boot.raw 200M
                mke2fs -q -F -t ext4 -L VAR -E root_owner=0:0 -d tree/var var.raw 800M
                printf 'LABEL=root / ext4 defaults 0 1\\nLABEL=BOOT /boot ext4 defaults 0 2\\nLABEL=VAR /var ext4 defaults 0 2\\n' >fstab
                for file in tree/boot/*; do debugfs -w -R "rm ${file#tree}" root.raw; done
                debugfs -w -R 'rm /etc/fstab' root.raw
                debugfs -w -R 'write fstab /etc/fstab' root.raw
                e2fsck -fp root.raw || [ $? = 1 ]
                resize2fs root.raw 1400M
                truncate -s 2500M disk.raw
                printf 'label: gpt\\nsize=200M\\nsize=800M\\nsize=1400M\\n' | sfdisk -q disk.raw
                dd if=boot.raw of=disk.raw bs=1M seek=1 conv=notrunc,sparse
                dd if=var.raw of=disk.raw bs=1M seek=201 conv=notrunc,sparse
                dd if=root.raw of=disk.raw bs=1M seek=1001 count=1400 conv=notrunc,sparse
                rm -rf tree root.raw boot.raw var.raw
                """
            let base = bed.work.appending("images/\(TestBed.image)/disk.qcow2")
            try tool("sh", "-c", "cd \"$0\"\n\(script)", scratch.path.string, base.string)
            return scratch("disk.raw")
        }

        @Test(
            "/boot and /var of their own are one system with the root: for import, exec, install-kernel, clone and kdump"
        )
        func parts() throws {
            let scratch = try ScratchDirectory()
            let name = "parts-\(String(UInt32.random(in: .min ... .max), radix: 36))"
            let disk = try makeDisk(in: scratch)
            let imported = try bed.run("image", "import", disk.string, "--name", name, "--trusted").succeeded()
            #expect(imported.err.contains("kernel 6.1.0"), "\(imported.err)")
            try Files.remove(disk)
            defer {
                for guest in ["a", "b"] { _ = try? bed.run("remove", "-qf", "\(name)-\(guest)") }
                _ = try? bed.run("image", "remove", name)
            }
            let guest = "\(name)-a"
            try bed.run("clone", name, guest).succeeded()
            let mounts = try bed.run("exec", guest, "--", "findmnt", "-rno", "TARGET").succeeded().out
            #expect(mounts.contains("/boot\n") && mounts.contains("/var\n"))

            let kernel = try TestPackage.kernel("6.99.0-parts").pack(in: scratch)
            try bed.run("install-kernel", guest, kernel.string, "--keep-old", "0").succeeded()
            #expect(try bed.run("kernels", guest).out.contains("linux-image-6.99.0-parts 1.0"))
            let boot = try bed.run("exec", guest, "--", "sh", "-c", "umount /boot; ls /boot").succeeded().out
            #expect(boot.isEmpty, "nothing lies below the mount: \(boot)")
            let status = try bed.run("kdump-status", guest)
            #expect(status.out.contains("Space:") && !status.out.contains("has no kernel"), "\(status.out)")
            // All file systems of a guest that ran are checked before it is cloned.
            try bed.run("clone", guest, "\(name)-b").succeeded()
            #expect(try bed.run("exec", "\(name)-b", "--", "ls", "/boot").out.contains("vmlinuz-6.99.0-parts"))
        }
    }
}
