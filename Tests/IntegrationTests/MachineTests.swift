import DevboxCore
import Glibc
import Guests
import HostTools
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    @Suite("Virtual machines", .serialized)
    struct MachineTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        @Test("one disk as a virtual machine, as a container, and back: files and owners are the same in both")
        func flipRoundTrip() throws {
            try bed.withGuest("flip") { guest in
                let before = try HostState(of: bed)
                try bed.run("start", guest).succeeded()
                #expect(try bed.run("exec", guest, "--", "systemctl", "is-system-running").out == "running\n")
                #expect(try bed.run("exec", guest, "--", "pwd").out == "/root\n")
                let kernel = try bed.run("exec", guest, "--", "uname", "-r").out
                #expect(kernel == (try bed.run("show", guest, "--json").out.kernelVersion) + "\n")
                try identityIsTheClones(guest)
                let script =
                    "echo vm > /root/vm; chown 1000:50 /root/vm; chmod 4640 /root/vm; touch /work/build/\(guest)"
                try bed.run("exec", guest, "--", "sh", "-c", script).succeeded()
                #expect(try Files.status(bed.work.appending("share/build/\(guest)")).st_uid == Owner.firstSubordinate)
                let touched = try bed.run("exec", guest, "--", "touch", "/work/packages/x")
                #expect(touched.status == 1 && touched.err.contains("Read-only file system"), "\(touched.err)")
                try qemuIsNobody(guest)

                try bed.run("flip", guest).succeeded()
                #expect(try bed.run("exec", guest, "--", "systemctl", "is-system-running").out == "running\n")
                #expect(try bed.run("exec", guest, "--", "stat", "-c", "%u %g %a", "/root/vm").out == "1000 50 4640\n")
                #expect(try bed.run("exec", guest, "--", "cat", "vm").out == "vm\n")
                #expect(try bed.run("exec", guest, "--", "ls", "/work/build").out.contains(guest))
                try bed.run("exec", guest, "--", "sh", "-c", "echo lxc > /root/lxc; chown 7:8 /root/lxc").succeeded()
                #expect(try bed.run("stop", guest).err.contains("shut down in"))
                try before.waitUntilBack()
                try bed.checkDisk(guest)

                try bed.run("flip", guest, "kvm").succeeded()
                try bed.run("start", guest).succeeded()
                #expect(try bed.run("exec", guest, "--", "systemctl", "is-system-running").out == "running\n")
                #expect(
                    try bed.run("exec", guest, "--", "stat", "-c", "%u %g", "/root/lxc", "/root/vm").out
                        == "7 8\n1000 50\n")
                try panicIsNoticed(guest)
                try Files.remove(bed.work.appending("share/build/\(guest)"))
                try bed.run("stop", "--force", guest).succeeded()
                try before.waitUntilBack()
            }
        }

        @Test("a guest that was killed hard is edited as a container, and the edit survives its next boot")
        func killedThenEdited() throws {
            try bed.withGuest("killed") { guest in
                let before = try HostState(of: bed)
                try startWithCrashingQEMU(guest)
                try bed.run("exec", guest, "--", "sh", "-c", "echo synced > /root/synced; sync; echo lost > /root/lost")
                    .succeeded()
                for pid in try supervisors(of: guest) { kill(pid, SIGKILL) }
                try before.waitUntilBack()
                try bed.run("exec", guest, "--", "sh", "-c", "echo edited > /etc/edited").succeeded()
                let clone = "\(guest)-2"
                defer { _ = try? bed.run("remove", "--force", clone) }
                try bed.run("clone", guest, clone).succeeded()
                try bed.run("start", clone).succeeded()
                #expect(
                    try bed.run("exec", clone, "--", "cat", "/root/synced", "/etc/edited").out == "synced\nedited\n")
                try copyAndConnect(clone)
                #expect(try bed.run("stop", clone).err.contains("shut down in"))
                try before.waitUntilBack()
                try bed.checkDisk(clone)
            }
        }

        /// QEMU crashes as soon as the kernel runs, unless it emulates all processors in one thread.
        private func startWithCrashingQEMU(_ guest: String) throws {
            let scratch = try ScratchDirectory()
            try Files.setMode(scratch.path, 0o755)
            let real = try #require(try attempt("which", "qemu-system-x86_64").text.split(separator: "\n").first)
            let script = """
                #!/bin/sh
                case "$*" in
                *thread=single*) ;;
                *) (until grep -q "Linux version" console.log; do sleep 0.05; done; kill -SEGV $$) & ;;
                esac
                exec \(real) "$@"
                """
            try Files.setMode(scratch.write(script, to: "qemu-system-x86_64"), 0o755)
            let path = "\(scratch.path):\(Command.inheritedEnvironment["PATH"] ?? "")"
            let started = try bed.run("start", guest, environment: ["PATH": path]).succeeded()
            let words = "\(guest): QEMU itself crashed (signal 11, Segmentation fault): it is started once more"
            #expect(started.err.contains(words), "\(started.err)")
        }

        @Test(
            "a kernel that does not find its root fails at once, with the console's last lines, and leaves nothing running"
        )
        func bootFailure() throws {
            try bed.withGuest("broken") { guest in
                let before = try HostState(of: bed)
                let result = try bed.run(
                    "exec", "--bisect", "--mode", "kvm", "--append", "rdinit=/none", "--append", "root=/dev/none",
                    guest, "--", "true")
                #expect(result.err.contains("The last lines of its console"))
                #expect(result.err.contains("Kernel panic - not syncing"))
                // A finding about the kernel, to git bisect a bad one.
                #expect(result.status == 121)
                try before.waitUntilBack()
                #expect(try bed.listed(guest).state == "stopped")
            }
        }

        private func identityIsTheClones(_ guest: String) throws {
            let record = try RecordFile.read(GuestRecord.self, from: bed.files(guest).record)
            let script =
                "hostname; cat /etc/machine-id; cut -d' ' -f1,2 /etc/ssh/ssh_host_ed25519_key.pub; cat /sys/class/net/e*/address"
            let identity = record.identity
            let key = identity.sshHostKey.split(separator: " ").prefix(2).joined(separator: " ")
            #expect(
                try bed.run("exec", guest, "--", "sh", "-c", script).out
                    == "\(guest)\n\(identity.machineID)\n\(key)\n\(identity.macAddress)\n")
        }

        /// QEMU runs neither as root nor with a capability, and can get none. It is found by its program and the guest that it is
        /// told of: it names its process after the guest.
        private func qemuIsNobody(_ guest: String) throws {
            let found = try Files.list("/proc").filter { pid in
                guard pid.allSatisfy(\.isNumber), let program = try? HostLinks.readLink("/proc/\(pid)/exe") else {
                    return false
                }
                let arguments = (try? Files.text(FilePath("/proc/\(pid)/cmdline"))) ?? ""
                return program.contains("/qemu-system-") && arguments.contains("guest=\(guest),")
            }
            try #require(found.count == 1, "\(found)")
            var status: [Substring: [Substring]] = [:]
            for line in try Files.text(FilePath("/proc/\(found[0])/status")).split(separator: "\n") {
                let words = line.split(whereSeparator: { $0 == "\t" || $0 == " " })
                status[words[0]] = Array(words[1...])
            }
            let nobody = Array(repeating: "\(Owner.firstSubordinate)"[...], count: 4)
            #expect(status["Uid:"] == nobody && status["Gid:"] == nobody)
            for set in ["CapInh:", "CapPrm:", "CapEff:", "CapBnd:", "CapAmb:"] {
                #expect(status[set[...]] == ["0000000000000000"], "\(set)")
            }
            #expect(status["NoNewPrivs:"] == ["1"])
            // 2 is a filter of system calls.
            #expect(status["Seccomp:"] == ["2"])
        }

        private func panicIsNoticed(_ guest: String) throws {
            let result = try bed.run(
                "exec", guest, "--", "sh", "-c",
                "echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger; sleep 60", limit: .seconds(60))
            #expect(result.status == 121)
            #expect(result.err.contains("Kernel panic - not syncing"))
        }

        private func copyAndConnect(_ guest: String) throws {
            let scratch = try ScratchDirectory()
            let file = try scratch.write("to the machine", to: "file")
            try bed.run("cp", file.string, "\(guest):/root/").succeeded()
            try bed.run("cp", "\(guest):/root/file", scratch("back").string).succeeded()
            #expect(try Files.text(scratch("back")) == "to the machine")
            let config = try scratch.write(try bed.run("ssh-config", guest).succeeded().out, to: "config")
            #expect(try tool("ssh", "-F", config.string, guest, "hostname") == "\(guest)\n")
            #expect(try bed.run("exec", guest, "--", "sh", "-c", "exit 255").status == 255)
            // Neither goes on in the guest what was given up here, nor is a lost connection the command's status.
            #expect(try bed.run("exec", "--timeout", "3", guest, "--", "sh", "-c", "sleep 66; :").status == 122)
            #expect(try bed.run("exec", guest, "--", "pgrep", "-x", "sleep").status == 1)
            let lost = try bed.run("exec", "--bisect", guest, "--", "sh", "-c", "pkill -9 -f 'sshd: root'; sleep 67")
            #expect(lost.status == 125 && lost.err.contains("the connection to \(guest) broke off"), "\(lost.err)")
            #expect(try bed.run("exec", guest, "--", "pgrep", "-x", "sleep").status == 1)
            #expect(try bed.run("exec", guest, "--", "sh", "-c", "ls /run | grep -c devbox-exec").out == "0\n")
            #expect(try bed.run("console", "--log", guest).out.contains("Linux version"))
        }

        /// The enclosed devbox of a guest holds its control socket.
        private func supervisors(of guest: String) throws -> [pid_t] {
            let log = try bed.files(guest).run.appending("supervisor.log").string
            return try Files.list("/proc").compactMap(pid_t.init).filter { pid in
                let link = try? HostLinks.readLink("/proc/\(pid)/fd/2")
                let name = (try? Files.text(FilePath("/proc/\(pid)/comm"))) ?? ""
                return link == log && name.hasPrefix("devbox")
            }
        }
    }
}

enum HostLinks {
    /// readlink(2)
    static func readLink(_ path: String) throws -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = try posix("read the link \(path)") { readlink(path, &buffer, buffer.count) }
        return String(decoding: buffer.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension String {
    /// The newest kernel in the JSON of `devbox show`.
    fileprivate var kernelVersion: String {
        get throws {
            let record = try RecordFile.decode(JSONValue.self, from: utf8)
            return record["kernels"]?.array?.first?["version"]?.string ?? ""
        }
    }
}
