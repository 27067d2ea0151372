import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    @Suite("Kernels", .serialized)
    struct KernelTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        @Test(
            "a real kernel is installed beside the first and boots; --kernel picks the other; dpkg knows it in both modes"
        )
        func real() throws {
            let (package, version) = try bed.realKernel()
            try bed.withGuest("kernel") { guest in
                let first = try #require(try bed.run("kernels", guest).succeeded().out.split(separator: "\n").last)
                    .prefix { $0 != " " }
                try bed.run("install-kernel", guest, package.string).succeeded()
                try bed.checkDisk(guest)

                // A guest that does not hear the power button, as of a kernel without a driver for it, is shut down by its agent.
                let deaf =
                    "mkdir -p /etc/systemd/logind.conf.d; printf '[Login]\\nHandlePowerKey=ignore\\n' > /etc/systemd/logind.conf.d/deaf.conf"
                try bed.run("exec", guest, "--", "sh", "-c", deaf).succeeded()
                try bed.run("start", guest).succeeded()
                #expect(try bed.run("exec", guest, "--", "uname", "-r").out == "\(version)\n")
                let script =
                    "modprobe dummy && grep -c '^dummy ' /proc/modules; dpkg -l linux-image-\(version) | tail -1"
                let seen = try bed.run("exec", guest, "--", "sh", "-c", script).succeeded().out
                #expect(seen.hasPrefix("1\nii "), "\(seen)")
                #expect(try bed.run("install-kernel", guest, package.string).status == 75)
                #expect(try bed.run("stop", guest).err.contains("shut down in"))

                try bed.run("flip", guest, "lxc").succeeded()
                try bed.run("start", guest).succeeded()
                #expect(try bed.run("exec", guest, "--", "dpkg", "-l", "linux-image-\(version)").out.contains("\nii "))
                try bed.run("stop", guest).succeeded()
                try bed.run("flip", guest, "kvm").succeeded()

                try bed.run("start", guest, "--kernel", String(first)).succeeded()
                #expect(try bed.run("exec", guest, "--", "uname", "-r").out == "\(first)\n")
                try bed.run("stop", guest).succeeded()
                let listed = try bed.run("kernels", guest).succeeded().out
                #expect(listed.contains("\(version)  *") && listed.contains("linux-image-\(version) "), "\(listed)")
            }
        }

        @Test(
            "SIGKILL at any moment of an installation: the kernel is there as a whole, or the disk is as before, byte for byte"
        )
        func killed() throws {
            let (package, version) = try bed.realKernel()
            try bed.withGuest("kill-kernel") { guest in
                let files = try bed.files(guest)
                try bed.run("snapshot", guest, "clean").succeeded()
                let begin = ContinuousClock.now
                try bed.run("install-kernel", guest, package.string).succeeded()
                let usual = ContinuousClock.now - begin
                var moments = KillMoments(within: usual * 1.4)
                var (whole, asBefore) = (0, 0)
                for round in 1...14 {
                    try bed.run("rollback", guest, "clean").succeeded()
                    let before = try bed.keepDisk(guest)
                    let host = try HostState(of: bed)
                    if round % 5 == 1 { try Files.removeTree(bed.work.appending("cache/packages")) }
                    // Decoding takes as long again.
                    try moments.kill(
                        bed.command(["install-kernel", guest, package.string]), scale: round % 5 == 1 ? 1.6 : 1)
                    try host.waitUntilBack()
                    let kernels = try bed.run("kernels", guest).succeeded().out
                    if kernels.contains(version) {
                        whole += 1
                        let state = try bed.run("exec", guest, "--", "dpkg", "-l", "linux-image-\(version)").out
                        #expect(state.contains("\nii "), "round \(round)")
                    } else {
                        asBefore += 1
                        #expect(try bed.isSame(before, files.disk), "round \(round)")
                    }
                    #expect(!Files.exists(files.transaction))
                    try Files.remove(before)
                    if round % 5 == 0 { try bed.checkDisk(guest) }
                }
                #expect(moments.kills > 0 && whole > 0 && asBefore > 0, "\(whole) whole, \(asBefore) as before")
                try bed.run("rollback", guest, "clean").succeeded()
                try bed.run("install-kernel", guest, package.string).succeeded()
                try bed.run("start", guest).succeeded()
                #expect(try bed.run("exec", guest, "--", "uname", "-r").out == "\(version)\n")
                try bed.run("stop", guest).succeeded()
            }
        }

        @Test("kernels in the shapes of Debian, Ubuntu and bindeb-pkg are taken; old ones go with --keep-old")
        func shapes() throws {
            let scratch = try ScratchDirectory()
            try bed.withGuest("shapes") { guest in
                let base = try Files.text(bed.work.appending("images/\(TestBed.image)/image.json"))
                let debian = try TestPackage.kernel("6.99.0-1-amd64").pack(in: scratch, compression: "xz")
                let result = try bed.run("install-kernel", guest, debian.string, "--cmdline", "slub_debug=FZPU quiet")
                    .succeeded()
                #expect(result.err.contains("installed 6.99.0-1-amd64"))
                let boot = try Files.list(bed.files(guest).boot)
                #expect(boot.contains { $0.hasPrefix("initrd.img-6.99.0-1-amd64-") })
                #expect(try bed.run("show", guest).out.contains("slub_debug=FZPU quiet"))
                // It is the guest's alone.
                #expect(try Files.text(bed.work.appending("images/\(TestBed.image)/image.json")) == base)

                var image = TestPackage.kernel("6.98.0-40-generic")
                image.name = "linux-image-unsigned-6.98.0-40-generic"
                var modules = TestPackage("linux-modules-6.98.0-40-generic", architecture: "amd64")
                modules.files = image.files.filter { $0.key.hasPrefix("lib/") }
                image.files = image.files.filter { $0.key.hasPrefix("boot/") }
                image.fields = "Depends: linux-modules-6.98.0-40-generic"
                let folder = try ScratchDirectory()
                _ = try image.pack(in: folder, compression: "zstd")
                _ = try modules.pack(in: folder, compression: "zstd")
                try bed.run("install-kernel", guest, folder.path.string).succeeded()

                // What scripts/package/builddeb of the kernel writes: it asks for an initrd whatever the environment says.
                var built = TestPackage.kernel("6.100.0-rc3-00012-gdeadbeef")
                built.scripts["postinst"] = """
                    #!/bin/sh
                    set -e
                    export DEB_MAINT_PARAMS="$*"
                    export INITRD=Yes
                    run-parts --arg="6.100.0-rc3-00012-gdeadbeef" --arg="/boot/vmlinuz-6.100.0-rc3-00012-gdeadbeef" /etc/kernel/postinst.d
                    exit 0
                    """
                try bed.run(
                    "install-kernel", guest, built.pack(in: scratch, compression: "none").string, "--keep-old", "1"
                )
                .succeeded()
                let versions = try bed.run("kernels", guest).succeeded().out.split(separator: "\n").dropFirst()
                    .map { String($0.prefix { $0 != " " }) }
                #expect(versions == ["6.100.0-rc3-00012-gdeadbeef", "6.99.0-1-amd64"])
                let selections = try bed.run("exec", guest, "--", "dpkg", "--get-selections").succeeded().out
                #expect(selections.contains("6.99") && !selections.contains("6.98"))

                try bed.run("install-kernel", guest, debian.string, "--default", "6.100.0-rc3-00012-gdeadbeef")
                    .succeeded()
                #expect(try bed.run("kernels", guest).out.contains("6.100.0-rc3-00012-gdeadbeef  *"))
                // The other one again, and without a package.
                let chosen = try bed.run(
                    "install-kernel", guest, "--default", "6.99.0-1-amd64", "--cmdline", "quiet x=1"
                )
                .succeeded()
                #expect(chosen.err == "\(guest): 6.99.0-1-amd64 starts next with quiet x=1\n")
                #expect(try bed.run("kernels", guest).out.contains("6.99.0-1-amd64               *"))
                #expect(try bed.run("install-kernel", guest, "--default", "6.5.0").status == 66)
                #expect(try bed.run("install-kernel", guest).status == 64)
                try bed.run("install-kernel", guest, "--default", "6.100.0-rc3-00012-gdeadbeef", "--cmdline", "")
                    .succeeded()
                let own = try TestPackage.kernel("6.97.0-amd64").pack(in: scratch)
                try bed.run("install-kernel", "--guest-initrd", guest, own.string).succeeded()
                #expect(try bed.run("exec", guest, "--", "test", "-s", "/boot/initrd.img-6.97.0-amd64").status == 0)
                #expect(
                    try bed.run("exec", guest, "--", "sh", "-c", "ls /boot/initrd*").out
                        == "/boot/initrd.img-6.97.0-amd64\n")
                #expect(try bed.run("show", guest).succeeded().out.contains("linux-image-6.97.0-amd64"))
                try bed.run("remove-kernel", guest, "6.97.0-amd64").succeeded()
                #expect(try !bed.run("show", guest).succeeded().out.contains("linux-image-6.97.0-amd64"))
                try bed.run("remove-kernel", guest, "6.100.0-rc3-00012-gdeadbeef").succeeded()
                #expect(try bed.run("remove-kernel", guest, "6.99.0-1-amd64").status == 1)
                #expect(try bed.run("remove-kernel", guest, "6.5.0").status == 66)
                try bed.run("remove-kernel", "--force", guest, "6.99.0-1-amd64").succeeded()
                let left = try bed.run("exec", guest, "--", "sh", "-ec", "dpkg --audit; ls /boot").succeeded()
                #expect(left.out == "")
                try bed.checkDisk(guest)
            }
        }

        @Test("a kernel is its own packages' alone: no other version goes with it, whatever the package is called")
        func owners() throws {
            let scratch = try ScratchDirectory()
            try bed.withGuest("owners") { guest in
                func install(_ package: TestPackage, _ options: String...) throws {
                    try bed.run(["install-kernel", guest, package.pack(in: scratch).string] + options).succeeded()
                }
                func versions() throws -> Set<String> {
                    let lines = try bed.run("kernels", guest).succeeded().out.split(separator: "\n").dropFirst()
                    return Set(lines.map { String($0.prefix { $0 != " " }) })
                }
                let first = try versions()
                for version in ["6.12.1", "6.12.10", "6.13.0-rc1", "6.12.0-rc1"] { try install(.kernel(version)) }
                try bed.run("remove-kernel", guest, "6.12.1").succeeded()
                #expect(try versions() == first.union(["6.12.10", "6.13.0-rc1", "6.12.0-rc1"]))

                // The version of a step of a bisection begins as that of an older kernel.
                let step = "6.12.0-rc1-00045-g1234567"
                try install(.kernel(step), "--keep-old", "1")
                #expect(try versions() == [step, "6.13.0-rc1"])
                #expect(try bed.run("kernels", guest).out.contains("\(step)  *"))

                var other = TestPackage.kernel("6.8.12-4-pve")
                other.name = "proxmox-kernel-6.8.12-4-pve-signed"
                try install(other, "--keep-old", "0")
                #expect(try versions() == ["6.8.12-4-pve"])
                #expect(try bed.run("kernels", guest).out.contains("proxmox-kernel-6.8.12-4-pve-signed 1.0"))

                // Copied there by hand. Symbols are no kernel, neither beside one nor when that is gone.
                let copy = "cp /boot/vmlinuz-6.8.12-4-pve /boot/vmlinuz-6.5.0-own; touch /boot/vmlinux-6.8.12-4-pve"
                try bed.run("exec", guest, "--", "sh", "-c", copy).succeeded()
                #expect(try versions() == ["6.8.12-4-pve", "6.5.0-own"])
                let refused = try bed.run("remove-kernel", guest, "6.5.0-own")
                #expect(refused.status == 1 && refused.err.contains("belongs to no package"), "\(refused.err)")
                let kept = try bed.run(
                    "install-kernel", guest, TestPackage.kernel("6.9.0").pack(in: scratch).string, "--keep-old", "0"
                ).succeeded()
                #expect(kept.err.contains("6.5.0-own belongs to no package, and stays"), "\(kept.err)")
                #expect(try versions() == ["6.9.0", "6.5.0-own"])
            }
        }

        @Test(
            "a guest without klibc and busybox boots with its own programs in the initrd, and is refused without these")
        func ownPrograms() throws {
            let (package, version) = try bed.realKernel()
            try bed.withGuest("own-programs") { guest in
                let script = "rm -rf /usr/lib/klibc /bin/busybox /usr/bin/busybox /usr/lib/initramfs-tools/bin/busybox"
                try bed.run("exec", guest, "--", "sh", "-c", script).succeeded()
                try bed.run("snapshot", guest, "before").succeeded()
                try bed.run("install-kernel", guest, package.string).succeeded()
                try bed.run("start", guest).succeeded()
                #expect(try bed.run("exec", guest, "--", "uname", "-r").out == "\(version)\n")
                try bed.run("stop", guest).succeeded()

                try bed.run("rollback", guest, "before").succeeded()
                try bed.run("exec", guest, "--", "mv", "/sbin/switch_root", "/root/").succeeded()
                let told = try bed.run("install-kernel", guest, package.string).succeeded()
                #expect(told.err.contains("cannot start as a virtual machine: there is no initrd"), "\(told.err)")
                let refused = try bed.run("start", guest)
                #expect(refused.status == 125 && refused.err.contains("there is no initrd"), "\(refused.err)")
                #expect(try bed.run("exec", "--mode", "kvm", guest, "--", "true").status == 125)
            }
        }

        @Test("a running guest is refused, and stopped and started again with --restart")
        func restart() throws {
            let scratch = try ScratchDirectory()
            try bed.withGuest("restart") { guest in
                let package = try TestPackage.kernel("6.99.1-amd64").pack(in: scratch)
                try bed.run("start", "--mode", "lxc", guest).succeeded()
                let refused = try bed.run("install-kernel", guest, package.string)
                #expect(refused.status == 75 && refused.err.contains("is running") && refused.err.contains("--restart"))
                try bed.run("install-kernel", "--restart", guest, package.string).succeeded()
                #expect(try bed.run("exec", guest, "--", "ls", "/boot/vmlinuz-6.99.1-amd64").status == 0)
                #expect(try bed.listed(guest).state == "running")
                try bed.run("stop", guest).succeeded()
            }
        }

        @Test("two installations at once: the second waits for the first, or is told that the guest is busy")
        func twoAtOnce() throws {
            let scratch = try ScratchDirectory()
            try bed.withGuest("two") { guest in
                let packages = try (1...2).map { try TestPackage.kernel("6.99.\($0)-amd64").pack(in: scratch) }
                var first = try ChildProcess(bed.command(["install-kernel", guest, packages[0].string]), output: .null)
                var second = try ChildProcess(
                    bed.command(["install-kernel", guest, packages[1].string]), output: .null)
                let statuses = try [first.wait()?.shellStatus, second.wait()?.shellStatus]
                #expect(statuses.allSatisfy { $0 == 0 || $0 == 75 } && statuses.contains(0), "\(statuses)")
                let kernels = try bed.run("kernels", guest).out
                for (index, status) in statuses.enumerated() {
                    #expect(kernels.contains("6.99.\(index + 1)-amd64") == (status == 0))
                }
            }
        }

        @Test(
            "what depmod made is taken for the next guest of the image, and kept of guests only in which nothing else ran"
        )
        func depmod() throws {
            let scratch = try ScratchDirectory()
            let version = "6.96.\(UInt16.random(in: 0...9999))-amd64"
            let package = try TestPackage.kernel(version).pack(in: scratch)
            let results = bed.work.appending("cache/depmod")
            let list = "/lib/modules/\(version)/modules.softdep"
            try? Files.removeTree(results)
            try bed.withGuest("used") { guest in
                try bed.run("exec", guest, "--", "true").succeeded()
                try bed.run("install-kernel", guest, package.string).succeeded()
                #expect(try Files.list(results).isEmpty, "something ran in the guest before")
            }
            try bed.withGuest("first") { guest in
                try bed.run("install-kernel", guest, package.string).succeeded()
                let entry = try results.appending(#require(Files.list(results).first)).appending(version)
                let own = try bed.run("exec", guest, "--", "cat", "/lib/modules/\(version)/modules.dep").out
                #expect(try Files.text(entry.appending("modules.dep")) == own)
                #expect(!Files.exists(entry.appending("modules.order")), "that is the package's own")
                try Files.writeAtomically(
                    Array("# from the cache\n".utf8), to: entry.appending("modules.softdep"), mode: 0o644)
            }
            try bed.withGuest("second") { guest in
                try bed.run("install-kernel", guest, package.string).succeeded()
                #expect(try bed.run("exec", guest, "--", "cat", list).out == "# from the cache\n")
            }
            try bed.withGuest("other") { guest in
                try bed.run(
                    "exec", guest, "--", "sh", "-c",
                    "mkdir -p /etc/depmod.d; echo 'search updates' > /etc/depmod.d/own.conf"
                )
                .succeeded()
                try bed.run("install-kernel", guest, package.string).succeeded()
                let made = try bed.run("exec", guest, "--", "cat", list).succeeded().out
                #expect(made.hasPrefix("#") && made != "# from the cache\n", "\(made)")
            }
        }
    }
}
