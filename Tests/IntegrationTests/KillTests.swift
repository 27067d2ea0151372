import DevboxCore
import Glibc
import HostTools
import Sandbox
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    /// devbox is killed at any moment; what comes next must find everything whole.
    @Suite("SIGKILL at any moment", .serialized)
    struct KillTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        @Test("of clone: the guest is there as a whole or not at all, and nothing else is left")
        func clone() throws {
            try bed.withGuest("source") { source in
                var moments = KillMoments(within: .milliseconds(80))
                for (round, from) in [TestBed.image, source].flatMap({ Array(repeating: $0, count: 15) }).enumerated() {
                    let name = "kill-clone-\(round)"
                    try kill(["clone", from, name], at: &moments)
                    let listed = try bed.run("list").succeeded().out.contains("\(name) ")
                    #expect(!(try Files.list(bed.work.appending("guests")).contains { $0.hasPrefix(".") }))
                    if listed {
                        try bed.checkDisk(name)
                        #expect(try bed.run("exec", name, "--", "hostname").out == "\(name)\n")
                        try bed.run("remove", name).succeeded()
                    } else {
                        try bed.run("clone", from, name).succeeded()
                        try bed.run("remove", name).succeeded()
                    }
                }
                #expect(moments.kills > 0, "none of the kills came in time")
                try bed.checkDisk(source)
                try bed.run("exec", source, "--", "true").succeeded()
            }
        }

        @Test("of exec in a stopped guest: its disk is as before, or as the command left it")
        func exec() throws {
            try bed.withGuest("kill-exec") { guest in
                try bed.run("exec", guest, "--", "sh", "-c", "mkdir /root/d; echo 0 > /root/d/count").succeeded()
                var moments = KillMoments(within: .milliseconds(450))
                var (last, kept, undone) = (0, 0, 0)
                for round in 1...25 {
                    let script =
                        "rm -f /root/d/*; for i in $(seq 50); do echo \(round) > /root/d/$i; done; sync; echo \(round) > /root/d/count"
                    try kill(["exec", guest, "--", "sh", "-c", script], at: &moments)
                    let found = try bed.run("exec", guest, "--", "sh", "-c", "cat /root/d/count; ls /root/d | wc -l")
                        .succeeded().out
                    #expect(found == "\(round)\n51\n" || found == "\(last)\n\(last == 0 ? 1 : 51)\n", "round \(round)")
                    if found.hasPrefix("\(round)\n") { kept += 1 } else { undone += 1 }
                    last = Int(found.prefix { $0.isNumber }) ?? -1
                    if round % 5 == 0 { try bed.checkDisk(guest) }
                }
                #expect(kept > 0 && undone > 0, "\(kept) kept, \(undone) undone")
            }
        }

        @Test("of exec in an appliance: its disk is as before, or as the command left it")
        func execInAppliance() throws {
            try bed.withGuest("kill-app") { guest in
                try bed.run("exec", guest, "--", "sh", "-c", "echo 0 >/root/count").succeeded()
                let begin = ContinuousClock.now
                try bed.run(in: .appliance, "exec", guest, "--", "true").succeeded()
                var moments = KillMoments(within: (ContinuousClock.now - begin) * 1.2)
                var last = 0
                for round in 1...5 {
                    let script = "echo \(round) >/root/count; cp /usr/bin/perl /root/large; sync"
                    try kill(TestBed.words(["exec", guest, "--", "sh", "-c", script], in: .appliance), at: &moments)
                    let found = try bed.run("exec", guest, "--", "cat", "/root/count").succeeded().out
                    #expect(found == "\(round)\n" || found == "\(last)\n", "round \(round)")
                    last = Int(found.prefix { $0.isNumber }) ?? -1
                }
                try bed.checkDisk(guest)
                #expect(moments.kills > 0)
            }
        }

        @Test("of install in an appliance: the package is there as a whole, or the disk is as before, byte for byte")
        func installInAppliance() throws {
            let scratch = try ScratchDirectory()
            var package = TestPackage("killed")
            package.files = ["opt/killed": String(repeating: "x", count: 8 << 20)]
            let file = try package.pack(in: scratch).string
            try bed.withGuest("kill-app") { guest in
                let files = try bed.files(guest)
                try bed.run("snapshot", guest, "clean").succeeded()
                let begin = ContinuousClock.now
                try bed.run(in: .appliance, "install", guest, file).succeeded()
                var moments = KillMoments(within: (ContinuousClock.now - begin) * 1.3)
                for round in 1...5 {
                    try bed.run("rollback", guest, "clean").succeeded()
                    let before = try bed.keepDisk(guest)
                    try kill(TestBed.words(["install", guest, file], in: .appliance), at: &moments)
                    try bed.run("kernels", guest).succeeded()
                    if try !bed.isSame(before, files.disk) {
                        let script = "dpkg-query -W -f '${db:Status-Status} ' killed; stat -c %s /opt/killed"
                        let state = try bed.run("exec", guest, "--", "sh", "-c", script).out
                        #expect(state == "installed \(8 << 20)\n", "round \(round)")
                    }
                    #expect(!Files.exists(files.transaction))
                    try Files.remove(before)
                }
                #expect(moments.kills > 0)
                try bed.checkDisk(guest)
            }
        }

        @Test(
            "of an appliance's QEMU, and of devbox in its sandbox: the command is not done, and the disk is as before")
        func helpers() throws {
            try bed.withGuest("kill-qemu") { guest in
                let sign = bed.work.appending("share/build/\(guest)")
                defer { try? Files.remove(sign) }
                // QEMU is called by its guest, and devbox by its own name.
                for name in ["devbox-kill-qem", "devbox"] {
                    try? Files.remove(sign)
                    try bed.expectUnchanged(guest) {
                        let script = "echo x >/root/changed; sync; touch /work/build/\(guest); sleep 60"
                        let words = TestBed.words(["exec", guest, "--", "sh", "-c", script], in: .appliance)
                        let before = try HostState(of: bed)
                        let errors = try Pipe()
                        var child = try ChildProcess(
                            bed.command(words), output: .null, error: .descriptor(errors.writeEnd))
                        errors.closeWriteEnd()
                        try TestBed.wait(for: "command that runs", within: .seconds(60)) { Files.exists(sign) }
                        let victims = try HostState(of: bed).processes.subtracting(before.processes)
                            .map { $0.split(separator: " ", maxSplits: 1).map(String.init) }
                            .filter { $0[1] == name && $0[0] != "\(child.pid)" }
                        #expect(!victims.isEmpty, "\(name)")
                        for victim in victims { Glibc.kill(try #require(pid_t(victim[0])), SIGKILL) }
                        #expect(try child.wait(until: .now + .seconds(30))?.shellStatus == 125, "\(name)")
                        let said = String(decoding: try Files.readAll(errors.readEnd, name: "errors"), as: UTF8.self)
                        #expect(said.contains("devbox: error: "), "\(name): \(said)")
                    }
                }
            }
        }

        @Test("of starting a container: the next command works")
        func startContainer() throws {
            try bed.withGuest("kill-lxc") { guest in
                var moments = KillMoments(within: .milliseconds(900))
                for _ in 1...12 {
                    try kill(["start", "--mode", "lxc", guest], at: &moments)
                    // Whatever moment it was: started, or not.
                    try bed.run("stop", guest).succeeded()
                    #expect(try bed.run("exec", guest, "--", "hostname").out == "\(guest)\n")
                    #expect(try controlGroups(of: guest) == "")
                }
                try bed.checkDisk(guest)
            }
        }

        @Test("of flipping a running container: the next command works, and the mode is the old or the new one")
        func flip() throws {
            try bed.withGuest("kill-flip") { guest in
                var (first, moments) = (KillMoments(within: .zero), KillMoments(within: .milliseconds(1500)))
                for round in 1...8 {
                    try bed.run("flip", guest, "lxc").succeeded()
                    #expect(try bed.listed(guest).mode == "lxc")
                    try bed.run("start", guest).succeeded()
                    // The first is killed before it does anything.
                    let flip = bed.command(["flip", guest, "kvm"])
                    if round == 1 { try first.kill(flip) } else { try moments.kill(flip) }
                    let shown = try bed.run("show", guest, "--json").succeeded().out
                    let record = try RecordFile.decode(JSONValue.self, from: shown.utf8)
                    let mode = try #require(record["mode"]?.string)
                    #expect(round == 1 ? mode == "lxc" : ["kvm", "lxc"].contains(mode))
                    // The record has the new mode only when the container has ended.
                    let running = record["running"]?["mode"]?.string
                    #expect(running == nil || running == mode, "\(shown)")
                    try bed.run("stop", "--force", guest).succeeded()
                    #expect(try bed.run("exec", guest, "--", "hostname").out == "\(guest)\n")
                    if round % 4 == 0 { try bed.checkDisk(guest) }
                }
                try bed.run("flip", guest, "lxc").succeeded()
                try bed.run("flip", guest, "kvm").succeeded()
                #expect(try bed.listed(guest).mode == "kvm")
            }
        }

        @Test("of starting a virtual machine: no process is left, and the disk is whole")
        func startMachine() throws {
            try bed.withGuest("kill-kvm") { guest in
                var moments = KillMoments(within: .seconds(3))
                for _ in 1...6 {
                    try kill(["start", guest], at: &moments)
                    try bed.checkDisk(guest)
                    #expect(try bed.run("exec", guest, "--", "hostname").out == "\(guest)\n")
                }
            }
        }

        @Test("of a supervisor: the guest and all that belongs to it end with it")
        func supervisor() throws {
            try bed.withGuest("kill-sup") { guest in
                let before = try HostState(of: bed)
                try bed.run("start", "--mode", "lxc", guest).succeeded()
                let mine = try HostState(of: bed).processes.subtracting(before.processes).filter {
                    $0.hasSuffix("devbox")
                }
                #expect(!mine.isEmpty)
                for line in mine { Glibc.kill(try #require(pid_t(line.prefix { $0.isNumber })), SIGKILL) }
                try before.waitUntilBack()
                #expect(try bed.listed(guest).state == "stopped")
                try bed.run("start", "--mode", "lxc", guest).succeeded()
                try bed.run("stop", guest).succeeded()
                try before.waitUntilBack()
            }
        }

        /// The cgroups that LXC made for a guest and that are still there.
        private func controlGroups(of guest: String) throws -> String {
            try tool("find", "/sys/fs/cgroup", "-maxdepth", "3", "-type", "d", "-path", "*/devbox/devbox-\(guest)-*")
        }

        /// Starts devbox and kills it at the next moment; then waits until nothing of it is left on the host.
        private func kill(_ arguments: [String], at moments: inout KillMoments) throws {
            let before = try HostState(of: bed)
            try moments.kill(bed.command(arguments))
            if arguments[0] == "start", let guest = arguments.last, try bed.listed(guest).state != "stopped" {
                // It had committed before the signal came: the guest is up, as it was asked for.
                try bed.run("stop", "--force", guest).succeeded()
            }
            try before.waitUntilBack()
        }
    }
}
