import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    /// What arming does to a disk and to the host; that dumps come of it is in KdumpTests.
    @Suite("Arming", .serialized)
    struct ArmingTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        @Test("arming and disarming leave the disk's files as they were, byte for byte, and the disk sound")
        func roundTrip() throws {
            try bed.withGuest("arm") { guest in
                let menu =
                    "mkdir -p /boot/grub; printf 'menuentry x {\\n\\tlinux /vmlinuz ro\\n}\\n' > /boot/grub/grub.cfg"
                try bed.run("exec", guest, "--", "sh", "-c", menu).succeeded()
                let before = try bed.kdumpFiles(guest)
                try bed.run("kdump-arm", guest, "--panic-on", "all", "--hung-task-timeout", "30").succeeded()
                try bed.checkDisk(guest)
                let armed = try bed.kdumpFiles(guest)
                #expect(armed["/etc/sysctl.d/zz-devbox-kdump.conf"] != nil && armed != before)
                #expect(try bed.run("kdump-status", guest).status == 0)
                #expect(try bed.run("show", guest).out.contains("crashkernel=192M"))
                let grub = try bed.run("exec", guest, "--", "grep", "linux", "/boot/grub/grub.cfg").succeeded().out
                #expect(grub == "\tlinux /vmlinuz ro crashkernel=192M\n")

                let changed = try bed.run("exec", guest, "--", "sh", "-c", "echo '# mine' >> /etc/default/kdump-tools")
                try changed.succeeded()
                let careful = try bed.run("kdump-disarm", guest).succeeded()
                #expect(careful.err.contains("/etc/default/kdump-tools was edited"), "\(careful.err)")
                var left = try bed.kdumpFiles(guest)
                #expect(left["/etc/default/kdump-tools"] != before["/etc/default/kdump-tools"])
                left["/etc/default/kdump-tools"] = before["/etc/default/kdump-tools"]
                #expect(left == before)
                try bed.checkDisk(guest)
                #expect(try bed.run("kdump-status", guest).status == 3)
                #expect(try bed.run("kdump-disarm", guest).succeeded().err.contains("was not armed"))
            }
        }

        @Test("clones, snapshots and rollbacks carry it along; a rollback to before takes it away, memory and all")
        func snapshots() throws {
            try bed.withGuest("arm-back") { guest in
                try bed.run("snapshot", guest, "plain").succeeded()
                try bed.run("kdump-arm", guest, "--crashkernel", "700M").succeeded()
                #expect(try bed.run("show", guest).out.contains("1.3G memory"))
                try bed.run("clone", guest, "\(guest)-b").succeeded()
                #expect(try bed.run("kdump-status", "\(guest)-b").status == 0)
                try bed.run("kdump-disarm", "\(guest)-b").succeeded()
                #expect(try bed.run("show", "\(guest)-b").out.contains("1G memory"))
                #expect(try bed.run("kdump-status", guest).status == 0)
                try bed.run("remove", "\(guest)-b").succeeded()
                try bed.run("rollback", guest, "plain").succeeded()
                #expect(try bed.run("kdump-status", guest).status == 3)
                #expect(try bed.run("show", guest).out.contains("1G memory"))
            }
        }

        @Test("SIGKILL at any moment: armed as a whole, or the disk is as before, byte for byte")
        func killed() throws {
            try bed.withGuest("arm-kill") { guest in
                let files = try bed.files(guest)
                try bed.run("snapshot", guest, "plain").succeeded()
                // As in the rounds: what was rolled back is checked first.
                try bed.run("rollback", guest, "plain").succeeded()
                let begin = ContinuousClock.now
                try bed.run("kdump-arm", guest).succeeded()
                let usual = ContinuousClock.now - begin
                var moments = KillMoments(within: usual * 1.5)
                var (armed, asBefore) = (0, 0)
                for round in 1...20 {
                    try bed.run("rollback", guest, "plain").succeeded()
                    let before = try bed.keepDisk(guest)
                    try moments.kill(bed.command(["kdump-arm", guest]))
                    let status = try bed.run("kdump-status", guest)
                    if status.status == 0 {
                        armed += 1
                        #expect(
                            try bed.kdumpFiles(guest)["/etc/sysctl.d/zz-devbox-kdump.conf"] != nil, "round \(round)")
                    } else {
                        asBefore += 1
                        #expect(status.status == 3, "round \(round): \(status.err)")
                        #expect(try bed.isSame(before, files.disk), "round \(round)")
                    }
                    try Files.remove(before)
                }
                try bed.checkDisk(guest)
                #expect(moments.kills > 0 && armed > 0 && asBefore > 0, "\(armed) armed, \(asBefore) as before")
            }
        }

        @Test("a disk without room for a dump is told before it is needed")
        func noRoom() throws {
            try bed.withGuest("arm-full") { guest in
                try bed.run("kdump-arm", guest, "--dump-level", "1").succeeded()
                #expect(try bed.run("kdump-status", guest).status == 0)
                // All but 60 MB of what a container may fill; what is reserved for root is no gigabyte.
                let fill = "fallocate -l $(( ($(stat -f -c '%a * %S' /) ) - (60 << 20) )) /var/fill"
                try bed.run("exec", guest, "--", "sh", "-c", fill).succeeded()
                let status = try bed.run("kdump-status", guest)
                #expect(status.status == 3 && status.out.contains("free, and a dump may take 1G"), "\(status.out)")
            }
        }

        @Test(
            "no sysctl of the host is touched, whatever mode the guest is in; a running container's own files are edited"
        )
        func host() throws {
            try bed.withGuest("arm-lxc") { guest in
                let before = try TestBed.hostSysctls()
                #expect(before.count > 300)
                try bed.run("kdump-arm", guest, "--panic-on", "all").succeeded()
                try bed.run("kdump-disarm", guest).succeeded()
                try bed.run("start", guest, "--mode", "lxc").succeeded()
                let armed = try bed.run("kdump-arm", guest, "--panic-on", "all,kernel.panic=77").succeeded()
                #expect(armed.err.contains("a container's kernel is the host's"), "\(armed.err)")
                #expect(
                    try bed.run("exec", guest, "--", "cat", "/etc/sysctl.d/zz-devbox-kdump.conf").out.contains(
                        "kernel.panic = 77"))
                // What a container applies by itself, when it starts, does not reach the host either.
                try bed.run("exec", guest, "--", "systemctl", "restart", "systemd-sysctl").succeeded()
                #expect(try bed.run("kdump-status", guest).status == 3)
                try bed.run("stop", guest).succeeded()
                try bed.run("start", guest, "--mode", "lxc").succeeded()
                // Its service does not as much as try to load a kernel there.
                let state = try bed.run("exec", guest, "--", "systemctl", "is-failed", "kdump-tools.service").out
                #expect(state == "inactive\n")
                try bed.run("kdump-disarm", guest).succeeded()
                #expect(try !bed.run("exec", guest, "--", "ls", "/etc/sysctl.d").succeeded().out.contains("devbox"))
                try bed.run("dumps", guest).succeeded()
                #expect(try bed.run("dump", guest).status == 64)
                try bed.run("stop", guest).succeeded()
                #expect(try TestBed.hostSysctls() == before)
                try bed.checkDisk(guest)
            }
        }
    }
}

extension TestBed {
    /// Each file and link that kdump could have to do with, of a stopped guest's disk: permissions, and a digest or a target.
    func kdumpFiles(_ guest: String) throws -> [String: String] {
        let script = #"""
            cd / && find etc var/lib/kdump boot/grub '(' -type f -o -type l ')' -printf '%m %y %l %p\n' 2>/dev/null
            find etc var/lib/kdump boot/grub -type f -exec sha256sum {} + 2>/dev/null
            true
            """#
        var files: [String: String] = [:]
        for line in try run("exec", guest, "--", "sh", "-c", script).succeeded().out.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let path = words.last else { continue }
            files["/\(path)", default: ""] += words.dropLast().joined(separator: " ") + " "
        }
        return files
    }

    /// Each sysctl of the host that can be read, but for counters.
    static func hostSysctls() throws -> Set<String> {
        let counters = [
            "fs.dentry-state", "fs.inode", "fs.file-nr", "kernel.random.", "kernel.ns_last_pid", "fs.aio-nr",
            "kernel.pty.nr",
            "net.netfilter.nf_conntrack_count", "fs.quota", "kernel.sched_", "kernel.perf_event_max_sample_rate",
            "kernel.perf_cpu_time_max_percent",
        ]
        let lines = try attempt("sysctl", "-a").text.split(separator: "\n").map(String.init)
        return Set(lines.filter { line in !counters.contains { line.hasPrefix($0) } })
    }

    /// The version of the kernel that a guest starts next.
    func startingKernel(_ guest: String) throws -> String {
        let line = try run("kernels", guest).succeeded().out.split(separator: "\n").first { $0.contains("  *") } ?? ""
        return String(line.prefix { $0 != " " })
    }
}
