import DevboxCore
import Glibc
import HostTools
import Sandbox
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    @Suite("Packages that fail, lie or attack", .serialized)
    struct HostilePackageTests {
        let bed: TestBed
        let scratch: ScratchDirectory

        init() throws {
            bed = try TestBed.shared.get()
            scratch = try ScratchDirectory()
        }

        @Test(
            "a failing script, one that never ends, and one that lies about its end leave everything as before",
            arguments: SandboxKind.allCases)
        func scripts(_ kind: SandboxKind) throws {
            try bed.withGuest("scripts") { guest in
                var failing = TestPackage("failing")
                failing.files = ["opt/failing": "some content"]
                failing.scripts = ["postinst": "#!/bin/sh\necho the reason; touch /opt/made; exit 3"]
                let package = try failing.pack(in: scratch)
                try bed.expectUnchanged(guest) {
                    let result = try bed.run(in: kind, "install", guest, package.string)
                    #expect(result.status == 1 && result.err.contains("the reason") && result.err.contains("status 3"))
                }
                var endless = TestPackage("endless")
                endless.scripts = [
                    "postinst": "#!/bin/sh\ntouch /opt/made; trap : TERM INT; while :; do sleep 1000; done"
                ]
                let slow = try endless.pack(in: scratch)
                // An appliance is up within it.
                let limit = kind == .container ? "3" : "20"
                try bed.expectUnchanged(guest) {
                    let result = try bed.run(
                        in: kind, "install", "--timeout", limit, guest, slow.string, limit: .seconds(60))
                    #expect(result.status == 1 && result.err.contains("within \(limit) s"), "\(result.err)")
                }
                try bed.expectUnchanged(guest) {
                    var child = try ChildProcess(
                        bed.command(TestBed.words(["install", guest, slow.string], in: kind)), output: .null,
                        error: .null)
                    let log = try bed.files(guest).installLog
                    try TestBed.wait(for: "script that runs") {
                        ((try? Files.text(log)) ?? "").contains("Setting up endless")
                    }
                    child.signal(SIGINT)
                    #expect(try child.wait()?.shellStatus == 128 + SIGINT)
                }
                // The same, typed at a terminal, which no program in the container may take for its own.
                try bed.expectUnchanged(guest) {
                    let log = try bed.files(guest).installLog
                    try Files.remove(log)
                    let line = "exec $devbox install --in \(kind.rawValue) \(guest) \(slow)"
                    #expect(try bed.typeCtrlC(line, when: log, has: "Setting up endless") == 128 + SIGINT)
                }
                var kernelless = TestPackage("kernelless")
                kernelless.files = ["opt/kernelless": "no kernel"]
                let none = try kernelless.pack(in: scratch)
                try bed.expectUnchanged(guest) {
                    let result = try bed.run("install-kernel", guest, none.string)
                    #expect(result.status == 65 && result.err.contains("no kernel"))
                }
                try bed.checkDisk(guest)
                #expect(try bed.run("exec", guest, "--", "hostname").out == "\(guest)\n")
            }
        }

        @Test("a full disk, in the guest or on the host, leaves everything as before, and is said")
        func full() throws {
            try bed.withGuest("full") { guest in
                try bed.run(
                    "exec", guest, "--", "sh", "-c",
                    "set -- $(stat -f -c '%a %S' /); fallocate -l $(( ($1 * $2) - 30000000 )) /root/filler"
                ).succeeded()
                let bytes = 64 << 20
                var large = TestPackage("large")
                large.files = ["opt/large": String(repeating: "x", count: bytes)]
                // gzip does not tell how much comes out of it; and the package's own field lies.
                large.fields = "Installed-Size: 1"
                let reasons = [
                    ("gzip", "that there is room for"), ("xz", "needs 64M on the disk"),
                    ("none", "needs 64M on the disk"),
                ]
                for (compression, reason) in reasons {
                    let package = try large.pack(in: scratch, compression: compression)
                    try bed.expectUnchanged(guest) {
                        let result = try bed.run("install", guest, package.string)
                        #expect(
                            result.status == 65 && result.err.contains("large_1.0_all.deb")
                                && result.err.contains(reason),
                            "\(compression): \(result.err)")
                    }
                }
                try bed.run("exec", guest, "--", "rm", "/root/filler").succeeded()
                // The decoded package is in the cache.
                let package = try large.pack(in: scratch, compression: "gzip")
                _ = try bed.withGuest("other") { other in try bed.run("install", other, package.string).succeeded() }
                for kind in SandboxKind.allCases {
                    try bed.expectUnchanged(guest) { try installOnFullHost(guest, package, in: kind) }
                }
                try bed.checkDisk(guest)
                try bed.run("install", guest, package.string).succeeded()
            }
        }

        /// In a mount namespace of its own, the guest's folder is a file system that has no room for what is installed.
        private func installOnFullHost(_ guest: String, _ package: FilePath, in kind: SandboxKind) throws {
            let folder = try bed.files(guest).path
            let script = """
                set -e
                # Room for 8 MB, of 64 that are installed.
                size=$(( $(du -sk "$2" | cut -f1) + 8192 ))
                mkdir "$1/copy"; cp -a --sparse=always "$2/." "$1/copy/"
                mount -t tmpfs -o size=${size}k,mode=711 none "$2"; cp -a --sparse=always "$1/copy/." "$2/"
                set +e
                "$3" install --in \(kind.rawValue) "$4" "$5"; echo "status $?"
                # What a killed one left is undone by the next.
                "$3" kernels "$4" >/dev/null
                qemu-img compare -q -f qcow2 -F qcow2 -U "$2/before.qcow2" "$2/disk.qcow2"; echo "compared $?"
                ls -A "$2"
                """
            let scratch = try ScratchDirectory()
            let result = try attempt(
                "unshare", "--mount", "--propagation", "private", "env", "DEVBOX_WORK=\(bed.work)", "sh", "-c", script,
                "sh", scratch.path.string, folder.string, Devbox.program.name, guest, package.string)
            #expect(result.text.hasPrefix("status 1\ncompared 0\n"), "\(result.text)")
            #expect(!result.text.contains("transaction.json") && !result.text.contains("\nrun\n"), "\(result.text)")
            let message = String(decoding: result.errorBytes, as: UTF8.self)
            #expect(message.lowercased().contains("no space left"), "\(kind): \(message)")
        }

        @Test("a damaged package, or one for another architecture, is 65 in one line, and nothing was changed")
        func damaged() throws {
            let (kernel, _) = try bed.realKernel()
            var whole = try Files.read(kernel, limit: 256 << 20)
            let cut = scratch("cut.deb")
            try Files.writeAtomically(whole[..<(whole.count * 2 / 3)], to: cut)
            for index in (whole.count / 2)..<(whole.count / 2 + 64) { whole[index] ^= 0x5A }
            let altered = scratch("altered.deb")
            try Files.writeAtomically(whole, to: altered)
            let foreign = try TestPackage.kernel("6.99.0-arm64", architecture: "arm64").pack(in: scratch)
            let garbage = try scratch.write("!<arch>\ngarbage", to: "garbage.deb")
            try bed.withGuest("damaged") { guest in
                // Not from the cache: what was decoded and checked once is not decoded again.
                try Files.removeTree(bed.work.appending("cache/packages"))
                for package in [cut, altered, foreign, garbage] {
                    let name = package.lastComponent?.string ?? ""
                    try bed.expectUnchanged(guest) {
                        let result = try bed.run("install-kernel", guest, package.string)
                        #expect(result.status == 65, "\(name): \(result.err)")
                        #expect(
                            result.err.contains(name) && result.err.split(separator: "\n").count == 1, "\(result.err)")
                    }
                }
                #expect(try Files.list(bed.work.appending("cache/packages")).isEmpty, "what is damaged is not kept")
                #expect(try bed.run("install", guest, "/nowhere/x.deb").status == 66)
                #expect(try bed.run("install", guest, scratch.path.appending("empty").string).status == 66)
            }
        }

        @Test("a package's scripts reach nothing of the host", arguments: SandboxKind.allCases)
        func confined(_ kind: SandboxKind) throws {
            let victim = try ChildProcess(Command(Program("sleep", package: "coreutils", for: "tests"), ["1000"]))
            let outside = try scratch.write("untouched", to: "outside")
            // Another one than it is: what changes nothing could not be seen.
            let level = try Files.text("/proc/sys/kernel/printk").hasPrefix("7") ? 6 : 7
            let began = bed.work.appending("share/build/attack-began")
            defer { try? Files.remove(began) }
            var attack = TestPackage("attack")
            attack.files = ["opt/attack": "content"]
            attack.scripts = [
                "postinst": """
                #!/bin/sh
                exec >/dev/null 2>&1
                touch /work/build/attack-began
                echo \(level) > /proc/sys/kernel/printk
                echo devbox-test > /proc/sys/kernel/core_pattern
                sysctl -w kernel.panic=77
                modprobe dummy
                mount -t tmpfs none /mnt && touch /mnt/mounted
                mount -o remount,rw /work
                touch /work/escaped /work/packages/escaped /work/debug/escaped /work/dumps/escaped /work/../escaped
                ln -s \(outside) /work/build/link && echo changed > /work/build/link
                rm -f /work/build/link
                kill -9 \(victim.pid)
                kill -9 -1
                mknod /dev/hostdisk b 254 0 && dd if=/dev/hostdisk of=/opt/stolen count=1
                touch /run/devbox/escaped /run/devbox/bin/escaped
                reboot -f
                exit 0
                """
            ]
            let package = try attack.pack(in: scratch)
            let sysctls = ["kernel/printk", "kernel/core_pattern", "kernel/panic"]
            let values = try sysctls.map { try Files.text(FilePath("/proc/sys/\($0)")) }
            let modules = try Files.list("/sys/module")
            try bed.withGuest("attack") { guest in
                let host = try HostState(of: bed)
                // Whatever came of it: a script may kill its own dpkg. But it did run.
                _ = try bed.run(in: kind, "install", guest, package.string, limit: .seconds(60))
                #expect(Files.exists(began))
                try host.waitUntilBack()
                #expect(try sysctls.map { try Files.text(FilePath("/proc/sys/\($0)")) } == values)
                #expect(try Files.list("/sys/module") == modules)
                #expect(kill(victim.pid, 0) == 0, "a process of the host was killed")
                #expect(try Files.text(outside) == "untouched")
                let share = bed.work.appending("share")
                for folder in [share, share.appending("packages"), share.appending("dumps"), bed.work, "/"] {
                    #expect(!Files.exists(folder.appending("escaped")))
                }
                #expect(try bed.run("exec", guest, "--", "test", "!", "-e", "/opt/stolen").status == 0)
                try bed.checkDisk(guest)
            }
        }

        @Test(
            "what a package needs is named before anything is changed; it installs with it, in stopped and running guests"
        )
        func dependencies() throws {
            let needing = try TestPackage("needing", fields: "Depends: needed (>= 2), libc6").pack(in: scratch)
            let old = try TestPackage("needed", version: "1.0").pack(in: scratch)
            let needed = try TestPackage("needed", version: "2.0").pack(in: scratch)
            try bed.withGuest("needs") { guest in
                try bed.expectUnchanged(guest) {
                    let result = try bed.run("install", guest, needing.string)
                    #expect(
                        result.status == 1 && result.err.contains("needing needs needed (>= 2), which is not installed")
                    )
                }
                try bed.run("install", guest, old.string).succeeded()
                #expect(try bed.run("install", guest, needing.string).err.contains("but needed 1.0 is installed"))
                try bed.run("install", guest, needing.string, needed.string).succeeded()
                let status = try bed.run("exec", guest, "--", "dpkg-query", "-W", "needed", "needing").out
                #expect(status == "needed\t2.0\nneeding\t1.0\n")

                try bed.run("start", "--mode", "lxc", guest).succeeded()
                let more = try TestPackage("more", fields: "Depends: missing").pack(in: scratch)
                #expect(try bed.run("install", guest, more.string).err.contains("more needs missing"))
                var plain = TestPackage("plain")
                plain.files = ["opt/plain": "plain"]
                let result = try bed.run("install", guest, plain.pack(in: scratch).string).succeeded()
                #expect(result.err.contains("not as a transaction"))
                #expect(try bed.run("exec", guest, "--", "cat", "/opt/plain").out == "plain")
                #expect(try bed.run("exec", guest, "--", "sh", "-c", "ls /var/tmp | grep -c devbox").out == "0\n")
                try bed.run("stop", guest).succeeded()
                let record = try Files.text(bed.files(guest).record)
                #expect(record.contains("\"plain\"") && record.contains("\"needing\""))
            }
        }
    }
}
