import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    @Suite("Containers", .serialized)
    struct ContainerTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

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
                try bed.tryCopies(guest)
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

        @Test("a command in a running container has a terminal where devbox has one, and Ctrl-C ends it")
        func terminal() throws {
            try bed.withGuest("tty") { guest in
                try bed.run("start", "--mode", "lxc", guest).succeeded()
                let running = try bed.typed(["exec", guest])
                #expect(
                    running.contains("/dev/") && running.contains("33 77") && running.contains("status 5"), "\(running)"
                )
                let sign = bed.work.appending("share/build/\(guest)")
                defer { try? Files.remove(sign) }
                let command = "sh -c 'touch /work/build/\(guest); exec sleep 60'"
                #expect(
                    try bed.typeCtrlC("exec $devbox exec \(guest) -- \(command) </dev/null >/dev/null", when: sign)
                        == 125)
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

        private func ssh(_ guest: String) throws {
            let scratch = try ScratchDirectory()
            let config = try scratch.write(try bed.run("ssh-config", guest).succeeded().out, to: "config")
            #expect(try tool("ssh", "-F", config.string, guest, "uname", "-n") == "\(guest)\n")
        }
    }
}
