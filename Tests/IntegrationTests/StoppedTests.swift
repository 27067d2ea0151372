import DevboxCore
import Glibc
import HostTools
import Sandbox
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    /// What a command finds and does in a stopped guest, in a container and in an appliance alike.
    @Suite("Commands in stopped guests", .serialized)
    struct StoppedTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        @Test(
            "exec keeps the streams apart, ends with the command's own status, and what it changed is kept whatever that is",
            arguments: SandboxKind.allCases)
        func streams(_ kind: SandboxKind) throws {
            try bed.withGuest("exec") { guest in
                let result = try bed.run(
                    in: kind, "exec", guest, "--", "sh", "-c",
                    "cat; echo complaint >&2; hostname; pwd; echo kept >note; printf '%s|' \"$@\"; exit 7", "sh", "a b",
                    "", "$HOME", "'\"", input: "spoken\n")
                #expect(result.out == "spoken\n\(guest)\n/root\na b||$HOME|'\"|")
                #expect(result.err.hasSuffix("complaint\n"))
                #expect(result.status == 7)
                let ended = try bed.run(in: kind, "exec", guest, "--", "sh", "-c", "cat note; kill -TERM $$")
                #expect(ended.status == 128 + SIGTERM && ended.out == "kept\n")
                #expect(try bed.run(in: kind, "exec", guest, "--", "no-such-program").status == 127)
                try bed.checkDisk(guest)
            }
        }

        @Test("bytes of any kind go through in order, both ways, both outputs", arguments: SandboxKind.allCases)
        func bytes(_ kind: SandboxKind) throws {
            let scratch = try ScratchDirectory()
            let (sent, output, error) = (scratch("sent"), scratch("output"), scratch("error"))
            try Files.writeAtomically(noise(32 << 20), to: sent)
            try bed.withGuest("bytes") { guest in
                let copy = "while (read(STDIN, $b, 50000)) { print STDOUT $b; print STDERR $b }"
                let line =
                    "\"$devbox\" -q exec --in \(kind.rawValue) \(guest) -- perl -e '\(copy)' <\(sent) 2>\(error) >\(output)"
                try tool("env", "DEVBOX_WORK=\(bed.work)", "devbox=\(Devbox.program.name)", "sh", "-c", line)
                for arrived in [output, error] { try tool("cmp", sent.string, arrived.string) }
            }
        }

        @Test(
            "a command in a stopped guest cannot restart it or switch it off: it runs once, and its status counts",
            arguments: SandboxKind.allCases)
        func switchesNothing(_ kind: SandboxKind) throws {
            try bed.withGuest("reboots") { guest in
                let script = "for way in reboot poweroff halt; do echo $way >>/root/tried; $way -f; done; exit 5"
                let result = try bed.run(in: kind, "exec", guest, "--", "sh", "-c", script, limit: .seconds(60))
                #expect(result.status == 5)
                let tried = try bed.run("exec", guest, "--", "cat", "/root/tried").out
                #expect(tried == "reboot\npoweroff\nhalt\n")
            }
        }

        @Test("an appliance whose kernel a command ends is a failure of the environment, and the disk is as it was")
        func endsItsKernel() throws {
            try bed.withGuest("ends") { guest in
                for (script, reason) in [
                    ("echo b >/proc/sysrq-trigger", "ended by itself"),
                    ("echo c >/proc/sysrq-trigger", "sysrq triggered crash"),
                ] {
                    try bed.expectUnchanged(guest) {
                        let result = try bed.run(
                            in: .appliance, "exec", guest, "--", "sh", "-c",
                            "echo x >/root/tried; sync; \(script); sleep 60",
                            limit: .seconds(120))
                        #expect(result.status == 125 && result.err.contains(reason), "\(script): \(result.err)")
                    }
                }
                // On the guest's own kernel a panic is a finding, and what was written before it is there.
                let panic = try bed.run(
                    "exec", "--mode", "kvm", "--init", "none", guest, "--", "sh", "-c",
                    "echo c >/proc/sysrq-trigger; sleep 60", limit: .seconds(120))
                #expect(panic.status == 121 && panic.err.contains("sysrq triggered crash"), "\(panic.err)")
                #expect(try Files.text(bed.files(guest).consoleLog).contains("Kernel panic"))
                try bed.checkDisk(guest)
            }
        }

        @Test("what a command leaves running ends with it", arguments: SandboxKind.allCases)
        func leavesNothing(_ kind: SandboxKind) throws {
            try bed.withGuest("left") { guest in
                let before = try HostState(of: bed)
                let result = try bed.run(
                    in: kind, "exec", guest, "--", "sh", "-c", "sleep 100 & setsid sleep 100 & exit 4",
                    limit: .seconds(60))
                #expect(result.status == 4)
                try before.waitUntilBack()
            }
        }

        @Test(
            "a command that does not end in time is ended, with status 122, and all that it has written is kept",
            arguments: SandboxKind.allCases)
        func timeout(_ kind: SandboxKind) throws {
            try bed.withGuest("slow") { guest in
                let before = try HostState(of: bed)
                let script = "cp /usr/bin/perl /copied; cmp /usr/bin/perl /copied && echo same; sleep 100"
                let limit = kind == .container ? 2 : 5
                let stopped = try bed.run(
                    in: kind, "exec", "--timeout", "\(limit)", guest, "--", "sh", "-c", script, limit: .seconds(60))
                #expect(stopped.status == 122 && stopped.out == "same\n")
                #expect(stopped.err.contains("did not end within \(limit) s"))
                #expect(try bed.run("exec", guest, "--", "cmp", "/usr/bin/perl", "/copied").status == 0)
                try before.waitUntilBack()
                try bed.checkDisk(guest)
            }
        }

        @Test(
            "a command finds nothing of devbox's own where devbox was started without standard streams",
            arguments: SandboxKind.allCases)
        func closedStreams(_ kind: SandboxKind) throws {
            try bed.withGuest("closed") { guest in
                let line =
                    "exec \"$0\" exec --in \(kind.rawValue) \(guest) -- sh -c 'cat; readlink /proc/self/fd/0' <&-"
                let environment = ["DEVBOX_WORK": bed.work.string]
                let output = try runner.attempt(
                    Command(
                        Program("/bin/sh", package: "dash", for: "tests"), ["-c", line, Devbox.program.name],
                        environment: environment), limit: .seconds(60))
                #expect(output.status == .exited(0), "\(String(decoding: output.errorBytes, as: UTF8.self))")
                // In an appliance it is an input that is at its end.
                #expect(kind == .appliance || output.text.contains("/dev/null"), "\(output.text)")
            }
        }

        @Test(
            "a command cannot reach the host's kernel, its processes, or files outside of the share",
            arguments: SandboxKind.allCases)
        func isConfined(_ kind: SandboxKind) throws {
            try bed.withGuest("jail") { guest in
                let pattern = try Files.text("/proc/sys/kernel/core_pattern")
                let printk = try Files.text("/proc/sys/kernel/printk")
                // Each other than it is: what changes nothing could not be seen. In an appliance it is its own kernel that panics.
                let script = """
                    echo devbox-test > /proc/sys/kernel/core_pattern
                    \(kind == .container ? "echo c > /proc/sysrq-trigger" : "")
                    mount -t proc proc /mnt && echo \(printk.hasPrefix("7") ? 6 : 7) > /mnt/sys/kernel/printk
                    mount -o remount,rw /work && touch /work/packages/x
                    touch /work/packages/x /work/debug/x /work/dumps/x /work/x
                    mknod /work/build/disk b 254 0
                    cp /bin/sh /work/build/sh && chmod 4755 /work/build/sh
                    ln -s /etc/shadow /work/build/link; cat /work/build/link >/root/shadow
                    kill -9 \(getpid())
                    ls /work
                    """
                let share = bed.work.appending("share")
                defer { for name in ["sh", "link"] { try? Files.remove(share.pushing(FilePath("build/\(name)"))) } }
                let result = try bed.run(in: kind, "exec", guest, "--", "sh", "-c", script)
                #expect(result.out == "build\ndebug\ndumps\nnotes\npackages\nsources\n", "\(result.err)")
                #expect(try Files.text("/proc/sys/kernel/core_pattern") == pattern)
                #expect(try Files.text("/proc/sys/kernel/printk") == printk)
                for folder in ["packages", "debug", "dumps"] {
                    #expect(try Files.list(share.appending(folder)).isEmpty)
                }
                #expect(!Files.exists(share.appending("build/disk")))
                // Set-user-id it may be, but never the host's root's.
                #expect(try Files.status(share.appending("build/sh")).st_uid != 0)
                // A link in the share leads to the guest's own file.
                let own = try bed.run("exec", guest, "--", "sh", "-c", "cmp /root/shadow /etc/shadow")
                #expect(own.status == 0, "\(own.err)")
            }
        }

        @Test("links in a guest's disk lead nowhere on the host", arguments: SandboxKind.allCases)
        func linksStayInside(_ kind: SandboxKind) throws {
            let scratch = try ScratchDirectory()
            let outside = try scratch.write("untouched", to: "outside")
            try bed.withGuest("links") { guest in
                let script = """
                    set -e
                    ln -sf \(outside) /etc/hostname; ln -sf \(outside) /etc/hosts; ln -sf \(outside) /etc/machine-id
                    rm -rf /root/.ssh; ln -s \(scratch.path) /root/.ssh; rm -rf /var/lib/dbus; ln -s \(scratch.path) /var/lib/dbus
                    """
                try bed.run(in: kind, "exec", guest, "--", "sh", "-c", script).succeeded()
                let clone = "\(guest)-2"
                defer { _ = try? bed.run("remove", "--force", clone) }
                try bed.run("clone", guest, clone).succeeded()
                #expect(try Files.text(outside) == "untouched")
                #expect(try Files.list(scratch.path) == ["outside"])
                #expect(try bed.run("exec", clone, "--", "cat", "/etc/hostname").out == "\(clone)\n")
                // A guest whose /work leads elsewhere is not entered as a container at all. In a container it is mounted, and so cannot be
                // a link. An appliance has nothing else than the guest's own that it could lead to.
                try bed.editDisk(guest, "rmdir /work", "symlink /work /")
                let refused = try bed.run(in: kind, "exec", guest, "--", "touch", "/work/escaped")
                #expect(refused.status == (kind == .container ? 125 : 0), "\(refused.out)\(refused.err)")
                #expect(!Files.exists("/escaped") && !Files.exists(bed.work.appending("share/escaped")))
            }
        }

        @Test("files and folders are copied into a stopped guest and out of it", arguments: SandboxKind.allCases)
        func copy(_ kind: SandboxKind) throws {
            try bed.withGuest("copy") { guest in try bed.tryCopies(guest, in: kind) }
        }

        @Test("a command has a terminal where devbox has one", arguments: SandboxKind.allCases)
        func terminal(_ kind: SandboxKind) throws {
            try bed.withGuest("tty") { guest in
                let typed = try bed.typed(["exec", "--in", kind.rawValue, guest])
                #expect(
                    typed.contains(kind == .container ? "/dev/pts/" : "/dev/") && typed.contains("33 77")
                        && typed.contains("status 5"), "\(typed)")
            }
        }

        @Test("Ctrl-C ends a command, with a terminal of its own and without one", arguments: SandboxKind.allCases)
        func ctrlC(_ kind: SandboxKind) throws {
            try bed.withGuest("ctrl-c") { guest in
                let sign = bed.work.appending("share/build/\(guest)")
                defer { try? Files.remove(sign) }
                func typed(_ redirection: String) throws -> Int32 {
                    try? Files.remove(sign)
                    let command = "sh -c 'touch /kept; touch /work/build/\(guest); exec sleep 60'"
                    return try bed.typeCtrlC(
                        "exec $devbox exec --in \(kind.rawValue) \(guest) -- \(command)\(redirection)", when: sign)
                }
                // At a terminal it is the command's, else devbox's.
                #expect(try typed("") == 130)
                #expect(try bed.run("exec", guest, "--", "rm", "/kept").status == 0)
                #expect(try typed(" </dev/null >/dev/null") == 125)
                #expect(try bed.run("exec", guest, "--", "ls", "/kept").status == 0)
                try bed.checkDisk(guest)
            }
        }
    }
}
