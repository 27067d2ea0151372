import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    @Suite("Commands in containers", .serialized)
    struct ContainerTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        @Test("exec in a stopped guest keeps the streams apart and ends with the command's own status")
        func execStopped() throws {
            try bed.withGuest("exec") { guest in
                let result = try bed.run(
                    "exec", guest, "--", "sh", "-c", "cat; echo complaint >&2; exit 7", input: "spoken\n")
                #expect(result.out == "spoken\n")
                #expect(result.err.hasSuffix("complaint\n"))
                #expect(result.status == 7)
                #expect(try bed.run("exec", guest, "--", "sh", "-c", "kill -TERM $$").status == 128 + SIGTERM)
                #expect(try bed.run("exec", guest, "--", "no-such-program").status == 127)
                #expect(try bed.run("exec", guest, "--", "hostname").out == "\(guest)\n")
                #expect(try bed.run("exec", guest, "--", "pwd").out == "/root\n")
                #expect(
                    try bed.run("exec", guest, "--", "printf", "%s|", "a b", "", "$HOME", "'\"").out
                        == "a b||$HOME|'\"|")
            }
        }

        @Test("what a command changes in a stopped guest is kept, whatever its status")
        func execKeeps() throws {
            try bed.withGuest("keep") { guest in
                #expect(try bed.run("exec", guest, "--", "sh", "-c", "echo kept > /root/note; exit 3").status == 3)
                #expect(try bed.run("exec", guest, "--", "cat", "/root/note").out == "kept\n")
                try bed.checkDisk(guest)
            }
        }

        @Test("a command in a stopped guest cannot restart it or switch it off: it runs once, and its status counts")
        func execSwitchesNothing() throws {
            try bed.withGuest("reboots") { guest in
                for way in ["reboot", "poweroff", "halt"] {
                    let script = "echo \(way) >> /root/tried; \(way) -f; exit 5"
                    let result = try bed.run("exec", guest, "--", "sh", "-c", script, limit: .seconds(60))
                    #expect(result.status == 5)
                }
                let tried = try bed.run("exec", guest, "--", "cat", "/root/tried").out
                #expect(tried == "reboot\npoweroff\nhalt\n")
            }
        }

        @Test("what a command leaves running ends with it")
        func execLeavesNothing() throws {
            try bed.withGuest("left") { guest in
                let before = try HostState(of: bed)
                let result = try bed.run("exec", guest, "--", "sh", "-c", "sleep 100 & exit 4", limit: .seconds(20))
                #expect(result.status == 4)
                try before.waitUntilBack()
            }
        }

        @Test("a command that does not end in time is ended, with status 122, and all that it has written is kept")
        func execTimeout() throws {
            try bed.withGuest("slow") { guest in
                let before = try HostState(of: bed)
                let script = "cp /usr/bin/perl /copied; cmp /usr/bin/perl /copied && echo same; sleep 100"
                let stopped = try bed.run(
                    "exec", "--timeout", "2", guest, "--", "sh", "-c", script, limit: .seconds(30))
                #expect(stopped.status == 122 && stopped.out == "same\n")
                #expect(stopped.err.contains("did not end within 2 s"))
                #expect(try bed.run("exec", guest, "--", "cmp", "/usr/bin/perl", "/copied").status == 0)
                try before.waitUntilBack()
                try bed.checkDisk(guest)
            }
        }

        @Test("a command finds nothing of devbox's own where devbox was started without standard streams")
        func closedStreams() throws {
            try bed.withGuest("closed") { guest in
                let line = "exec \"$0\" exec \(guest) -- sh -c 'cat; readlink /proc/self/fd/0' <&-"
                let environment = ["DEVBOX_WORK": bed.work.string]
                let output = try runner.attempt(
                    Command(
                        Program("/bin/sh", package: "dash", for: "tests"), ["-c", line, Devbox.program.name],
                        environment: environment), limit: .seconds(30))
                #expect(output.status == .exited(0), "\(String(decoding: output.errorBytes, as: UTF8.self))")
                #expect(output.text.contains("/dev/null"), "\(output.text)")
            }
        }

        @Test("a command cannot reach the host's kernel, its processes, or files outside of the share")
        func execIsConfined() throws {
            try bed.withGuest("jail") { guest in
                let pattern = try Files.text("/proc/sys/kernel/core_pattern")
                let printk = try Files.text("/proc/sys/kernel/printk")
                // Each other than it is: what changes nothing could not be seen.
                let script = """
                    echo devbox-test > /proc/sys/kernel/core_pattern
                    echo c > /proc/sysrq-trigger
                    mount -t proc proc /mnt && echo \(printk.hasPrefix("7") ? 6 : 7) > /mnt/sys/kernel/printk
                    mount -o remount,rw /work && touch /work/packages/x
                    touch /work/packages/x /work/debug/x /work/dumps/x
                    mknod /work/build/disk b 254 0
                    cp /bin/sh /work/build/sh && chmod 4755 /work/build/sh
                    kill -9 \(getpid())
                    ls /work
                    """
                let result = try bed.run("exec", guest, "--", "sh", "-c", script)
                #expect(result.out == "build\ndebug\ndumps\nnotes\npackages\nsources\n")
                #expect(try Files.text("/proc/sys/kernel/core_pattern") == pattern)
                #expect(try Files.text("/proc/sys/kernel/printk") == printk)
                let share = bed.work.appending("share")
                for folder in ["packages", "debug", "dumps"] {
                    #expect(try Files.list(share.appending(folder)).isEmpty)
                }
                #expect(!Files.exists(share.appending("build/disk")))
                // Set-user-id it may be, but never the host's root's.
                #expect(try Files.status(share.appending("build/sh")).st_uid != 0)
                try Files.remove(share.appending("build/sh"))
            }
        }

        @Test("links in a guest's disk lead nowhere on the host")
        func linksStayInside() throws {
            let scratch = try ScratchDirectory()
            let outside = try scratch.write("untouched", to: "outside")
            try bed.withGuest("links") { guest in
                let script = """
                    set -e
                    ln -sf \(outside) /etc/hostname; ln -sf \(outside) /etc/hosts; ln -sf \(outside) /etc/machine-id
                    rm -rf /root/.ssh; ln -s \(scratch.path) /root/.ssh; rm -rf /var/lib/dbus; ln -s \(scratch.path) /var/lib/dbus
                    """
                try bed.run("exec", guest, "--", "sh", "-c", script).succeeded()
                let clone = "\(guest)-2"
                defer { _ = try? bed.run("remove", "--force", clone) }
                try bed.run("clone", guest, clone).succeeded()
                #expect(try Files.text(outside) == "untouched")
                #expect(try Files.list(scratch.path) == ["outside"])
                #expect(try bed.run("exec", clone, "--", "cat", "/etc/hostname").out == "\(clone)\n")
                // A guest whose /work leads elsewhere is not entered at all. In a container it is mounted, and so cannot be a link.
                try bed.editDisk(guest, "rmdir /work", "symlink /work /")
                let refused = try bed.run("exec", guest, "--", "touch", "/work/escaped")
                #expect(refused.status == 125, "\(refused.out)\(refused.err)")
                #expect(!Files.exists("/escaped"))
            }
        }

        @Test("files and folders are copied into a stopped guest and out of it")
        func copyStopped() throws {
            try bed.withGuest("copy") { guest in try copy(guest) }
        }

        @Test("a container boots to running, shows the share, runs commands, and is shut down cleanly")
        func system() throws {
            try bed.withGuest("system") { guest in
                let before = try HostState(of: bed)
                try bed.run("start", "--mode", "lxc", guest).succeeded()
                let listed = try bed.listed(guest)
                #expect(listed.state == "running" && listed.mode == "lxc")
                #expect(try bed.run("exec", guest, "--", "systemctl", "is-system-running").out == "running\n")
                #expect(try bed.run("exec", guest, "--", "sh", "-c", "cat; exit 9", input: "in\n").out == "in\n")
                #expect(try bed.run("exec", guest, "--", "sh", "-c", "exit 9").status == 9)
                try bed.run("exec", guest, "--", "touch", "/work/notes/\(guest)").succeeded()
                let note = bed.work.appending("share/notes/\(guest)")
                #expect(try Files.status(note).st_uid == Owner.firstSubordinate)
                try Files.remove(note)
                try copy(guest)
                try ssh(guest)
                let slow = try bed.run("exec", "--timeout", "1", guest, "--", "sleep", "100", limit: .seconds(30))
                #expect(slow.status == 122)
                #expect(try bed.run("snapshot", guest).status == 75)
                #expect(try bed.run("stop", guest).err.contains("shut down in"))
                try before.waitUntilBack()
                try bed.checkDisk(guest)
            }
        }

        @Test("guests are shut down together: one that does not hear is forced off, and the others do not wait for it")
        func stopSeveral() throws {
            try bed.withGuest("deaf") { deaf in
                try bed.withGuest("good") { good in
                    for guest in [deaf, good] { try bed.run("start", "--mode", "lxc", guest).succeeded() }
                    try bed.run("exec", deaf, "--", "systemctl", "mask", "--runtime", "poweroff.target", "halt.target")
                        .succeeded()
                    let stopped = try bed.run("stop", "--timeout", "5", deaf, "none", good)
                    #expect(stopped.status == 66)
                    let lines = stopped.err.split(separator: "\n").filter { $0.contains(" in ") }
                    #expect(lines.count == 2, "\(stopped.err)")
                    #expect(lines.first?.hasPrefix("\(good): shut down in ") == true, "\(stopped.err)")
                    #expect(lines.last?.hasPrefix("\(deaf): forced off in ") == true, "\(stopped.err)")
                }
            }
        }

        @Test("a command has a terminal where devbox has one, in a stopped guest and in a running container")
        func terminal() throws {
            try bed.withGuest("tty") { guest in
                func typed() throws -> String {
                    let line = "\(Devbox.program.name) exec \(guest) -- sh -c 'tty; stty size; exit 5'; echo status $?"
                    return try tool(
                        "env", "DEVBOX_WORK=\(bed.work)", "script", "-qec", "stty rows 33 cols 77; \(line)", "/dev/null"
                    )
                }
                let stopped = try typed()
                #expect(
                    stopped.contains("/dev/pts/") && stopped.contains("33 77") && stopped.contains("status 5"),
                    "\(stopped)")
                try bed.run("start", "--mode", "lxc", guest).succeeded()
                let running = try typed()
                #expect(
                    running.contains("/dev/") && running.contains("33 77") && running.contains("status 5"), "\(running)"
                )
                try bed.run("stop", guest).succeeded()
            }
        }

        @Test("Ctrl-C ends a command, with a terminal of its own and without one, stopped and running")
        func ctrlC() throws {
            try bed.withGuest("ctrl-c") { guest in
                let sign = bed.work.appending("share/build/\(guest)")
                defer { try? Files.remove(sign) }
                func typed(_ redirection: String) throws -> Int32 {
                    try? Files.remove(sign)
                    let command = "sh -c 'touch /kept; touch /work/build/\(guest); exec sleep 60'"
                    return try bed.typeCtrlC("exec $devbox exec \(guest) -- \(command)\(redirection)", when: sign)
                }
                // At a terminal it is the command's, else devbox's.
                #expect(try typed("") == 130)
                #expect(try typed(" </dev/null >/dev/null") == 125)
                #expect(try bed.run("exec", guest, "--", "rm", "/kept").status == 0)
                #expect(try typed(" </dev/null >/dev/null") == 125)
                #expect(try bed.run("exec", guest, "--", "ls", "/kept").status == 0)
                try bed.checkDisk(guest)
                try bed.run("start", "--mode", "lxc", guest).succeeded()
                #expect(try typed(" </dev/null >/dev/null") == 125)
                #expect(try bed.run("exec", guest, "--", "pgrep", "-x", "sleep").status == 1)
                try bed.run("stop", guest).succeeded()
            }
        }

        @Test("a container is on the bridge that is named, with the guest's own address")
        func bridge() throws {
            try bed.withGuest("net") { guest in
                #expect(try bed.run("start", "--mode", "lxc", "--bridge", "nosuchbridge", guest).status == 66)
                // In a network namespace of its own, so that the host's network stays as it is.
                let script = """
                    mount -t sysfs sysfs /sys || exit 98
                    ip link add testbr type bridge && ip link set testbr up || exit 99
                    "$1" start --mode lxc --bridge testbr "$2" && "$1" exec "$2" -- cat /sys/class/net/eth0/address
                    "$1" stop "$2"
                    """
                let result = try attempt(
                    "unshare", "--net", "--mount", "env", "DEVBOX_WORK=\(bed.work)", "sh", "-c", script, "sh",
                    Devbox.program.name,
                    guest)
                let record = try RecordFile.decode(JSONValue.self, from: bed.run("show", guest, "--json").out.utf8)
                let address = record["identity"]?["macAddress"]?.string ?? "none"
                #expect(result.text == "\(address)\n", "\(String(decoding: result.errorBytes, as: UTF8.self))")
            }
        }

        private func copy(_ guest: String) throws {
            let scratch = try ScratchDirectory()
            try scratch.write("text", to: "tree/sub/file")
            try scratch.write("name", to: "tree/ñandú")
            try tool("ln", "-s", "/etc/shadow", scratch("tree/link").string)
            try bed.run("cp", scratch("tree").string, "\(guest):/root/").succeeded()
            try bed.run("cp", scratch("tree/sub/file").string, "\(guest):/root/renamed").succeeded()
            #expect(try bed.run("exec", guest, "--", "cat", "/root/tree/sub/file", "/root/renamed").out == "texttext")
            try bed.run("cp", "\(guest):/root/tree", scratch("back").string).succeeded()
            #expect(try Files.text(scratch("back/sub/file")) == "text")
            #expect(try Files.text(scratch("back/ñandú")) == "name")
            #expect(try tool("readlink", scratch("back/link").string) == "/etc/shadow\n")
            #expect(try bed.run("cp", "\(guest):/root/none", scratch("none").string).status == 66)
            #expect(try bed.run("cp", "\(guest):/root/tree", "-").status == 64)

            // What is neither a file nor a folder stays where it is, which is said.
            try bed.run("exec", guest, "--", "mkfifo", "/root/tree/pipe", "/root/tree/sub/pipe").succeeded()
            let pipes = try bed.run("cp", "\(guest):/root/tree", scratch("pipes").string)
            #expect(pipes.status == 0 && Files.exists(scratch("pipes/sub/file")))
            #expect(
                pipes.err.contains("left out, as neither a file nor a folder: tree/")
                    && pipes.err.contains(" and 1 more"))
            #expect(try bed.run("cp", "\(guest):/root/tree/pipe", scratch("pipe").string).status == 64)
            // Files that do not tell their size.
            try bed.run("cp", "\(guest):/proc/version", scratch("version").string).succeeded()
            #expect(try Files.text(scratch("version")).hasPrefix("Linux version "))
            #expect(try Files.list(scratch.path) == ["back", "pipes", "tree", "version"])
        }

        private func ssh(_ guest: String) throws {
            let scratch = try ScratchDirectory()
            let config = try scratch.write(try bed.run("ssh-config", guest).succeeded().out, to: "config")
            #expect(try tool("ssh", "-F", config.string, guest, "uname", "-n") == "\(guest)\n")
        }
    }
}
