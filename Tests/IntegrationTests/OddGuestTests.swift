import DevboxCore
import Sandbox
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    @Suite("Guests that an appliance could stumble over", .serialized)
    struct OddGuestTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        @Test(
            "no initramfs-tools, no bash, a fstab of missing disks and a read-only root, errors=remount-ro, modules and settings that break a boot, and a full disk"
        )
        func brokenSettings() throws {
            let scratch = try ScratchDirectory()
            try bed.withGuest("odd") { guest in
                let script = """
                    dpkg --purge --force-all initramfs-tools initramfs-tools-core >/dev/null 2>&1
                    rm -rf /etc/initramfs-tools /usr/sbin/update-initramfs /bin/bash /usr/lib/klibc
                    printf 'LABEL=root / ext4 ro,errors=remount-ro 0 1\\nUUID=dead /data ext4 defaults 0 2\\n/dev/sdz1 none swap sw 0 0\\nnowhere:/x /mnt nfs defaults 0 0\\n' >/etc/fstab
                    printf 'install virtio_blk /bin/false\\ninstall ext4 /bin/false\\nblacklist virtio_pci\\n' >/etc/modprobe.d/odd.conf
                    for module in $(find /lib/modules -name 'virtio*.ko' -o -name ext4.ko -o -name '9p*.ko'); do echo broken >$module; done
                    find /boot -name 'initrd*' -delete
                    echo 'exit 1' >/etc/profile
                    mkdir /filler; n=0
                    for size in 2048M 512M 128M 32M 8M 2M 512K 64K 4K; do
                        while fallocate -l $size /filler/$((n = n + 1)) 2>/dev/null; do :; done
                    done
                    sync
                    """
                // Nothing is kept back for root, which is more in an appliance than in a container.
                try bed.editDisk(guest, "set_super_value errors 2", "set_super_value r_blocks_count 0")
                try bed.run("exec", guest, "--", "sh", "-c", script).succeeded()
                // The files of a full disk are there, a new one is refused, and what is removed makes room.
                let seen =
                    "cat /etc/hostname; head -c 100000 /dev/zero >/root/new || echo full; rm -r /filler; echo ok >/root/new; cat /root/new"
                let result = try bed.run(in: .appliance, "exec", guest, "--", "sh", "-c", seen)
                #expect(
                    result.status == 0 && result.out.contains("\(guest)\n") && result.out.hasSuffix("ok\n"),
                    "\(result.out)\(result.err)")
                #expect(result.out.contains("full"), "\(result.out)")
                let kernel = try TestPackage.kernel("6.99.0-odd").pack(in: scratch)
                try bed.run(in: .appliance, "install-kernel", guest, kernel.string).succeeded()
                #expect(try bed.run("kernels", guest).out.contains("6.99.0-odd"))
                #expect(try bed.run("exec", guest, "--", "cat", "/root/new").out == "ok\n")
                try bed.checkDisk(guest)
            }
        }

        @Test(
            "busybox alone, /usr not merged, no kernel, and none of /work, /run, /tmp, /sys; a root that is read-only for its features says so"
        )
        func tiny() throws {
            let scratch = try ScratchDirectory()
            let name = "tiny-\(String(UInt32.random(in: .min ... .max), radix: 36))"
            let disk = try TinySystem.make(in: scratch, "tiny")
            let guest = "\(name)-a"
            defer {
                _ = try? bed.run("remove", "-qf", guest)
                _ = try? bed.run("image", "remove", name)
            }
            try bed.run("image", "import", disk.string, "--name", name).succeeded()
            try bed.run("clone", name, guest).succeeded()
            // From outside, and so not the host's to mount.
            let script =
                "cat; pwd; touch /tmp/x /run/x /work/build/\(guest) /root/kept; ls /proc/self/exe /sys/class >/dev/null && exit 3"
            let result = try bed.run("exec", guest, "--", "sh", "-c", script, input: "in\n")
            #expect(result.status == 3 && result.out == "in\n/root\n", "\(result.out)\(result.err)")
            try Files.remove(bed.work.appending("share/build/\(guest)"))
            try bed.run("cp", "\(guest):/root/kept", scratch("kept").string).succeeded()
            #expect(Files.exists(scratch("kept")))

            // A feature that no kernel knows is only for reading.
            try bed.editDisk(guest, image: name, "feature read-only")
            let refused = try bed.run("exec", guest, "--", "touch", "/root/x")
            #expect(refused.status == 1 || refused.status == 125, "\(refused.err)")
            #expect(
                refused.err.lowercased().contains("read-only") || refused.err.contains("cannot be mounted"),
                "\(refused.err)")
        }
    }
}
