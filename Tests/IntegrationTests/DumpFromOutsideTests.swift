import Crash
import DevboxCore
import Glibc
import Guests
import HostTools
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    /// Dumps that the host takes, and what the host does at a panic. Few boots, many looks: an emulated one takes its time.
    @Suite("Dumps from outside", .serialized, .timeLimit(.minutes(20)))
    struct DumpFromOutsideTests {
        let bed: TestBed

        init() throws { bed = try TestBed.shared.get() }

        @Test(
            "a running guest is dumped again and again, whatever becomes of those who ask, and goes on; then it panics")
        func running() throws {
            try bed.withGuest("dumped") { guest in
                let before = try HostState(of: bed)
                let sysctls = try hostSysctls()
                defer { removeDumps(of: guest) }
                try bed.run("start", guest).succeeded()
                try bothFormats(guest)
                try aborted(guest)
                try fullDisk(guest)
                try several(guest)
                try noInterest(guest)
                try interrupted(guest)
                #expect(try hostSysctls() == sysctls)
                try bed.run("stop", guest).succeeded()
                try before.waitUntilBack()
            }
        }

        @Test("--on-panic dump: the host takes a dump, tells who waits for it, and switches the guest off")
        func onPanicDump() throws {
            try bed.withGuest("on-panic") { guest in
                let before = try HostState(of: bed)
                defer { removeDumps(of: guest) }
                try bed.run("start", "--on-panic", "dump", guest).succeeded()
                #expect(try bed.run("show", guest, "--json").json["running"]?["onPanic"]?.string == "dump")
                #expect(try bed.run("start", "--on-panic", "stop", guest).status == 75)
                var waiter = try ChildProcess(bed.command(["wait", guest, "--for", "dump", "--quiet"]), error: .null)
                try crash(guest)
                #expect(try waiter.wait(until: .now + .seconds(120)) == .exited(0))
                try bed.run("wait", guest, "--for", "shutdown", "--timeout", "60").succeeded()
                let dump = try #require(try dumps(of: guest).first)
                #expect(dump.record.title?.contains("sysrq") == true, "\(String(describing: dump.record.title))")
                #expect(try Files.text(dump.messages).contains("Kernel panic - not syncing: sysrq triggered crash"))
                // Whoever comes late hears of it, too.
                #expect(try bed.run("wait", guest, "--for", "panic").succeeded().err.contains("sysrq triggered crash"))
                #expect(try bed.run("wait", guest, "--for", "dump").succeeded().err.contains(dump.folder.string))
                let scratch = try ScratchDirectory()
                let other = scratch("dmesg")
                try tool("makedumpfile", "--dump-dmesg", dump.vmcore.string, other.string)
                #expect(
                    try Files.text(other).split(separator: "\n") == Files.text(dump.messages).split(separator: "\n"))
                try before.waitUntilBack()
            }
        }

        @Test("--on-panic pause: the machine is kept for a dump; reboot: it comes back; stop: it is switched off")
        func onPanicOthers() throws {
            try bed.withGuest("on-panic") { guest in
                let before = try HostState(of: bed)
                defer { removeDumps(of: guest) }
                try bed.run("start", "--on-panic", "pause", guest).succeeded()
                try crash(guest)
                try bed.run("wait", guest, "--for", "panic", "--timeout", "60").succeeded()
                try eventually { try condition(guest)["isPaused"] == .bool(true) }
                #expect(try bed.run("show", guest).out.contains("Panic:"))
                let none = try bed.run("wait", guest, "--for", "dump")
                #expect(none.status == 1 && none.err.contains("nobody takes one"), "\(none.err)")
                // Nobody is asked who cannot answer.
                let status = try bed.run("kdump-status", guest)
                #expect(status.status == 3 && status.out.contains("does not answer: it is panicked"), "\(status.out)")
                #expect(!status.out.contains("Dumps:"), "nobody has looked")
                let asked = try bed.run("dumps", guest)
                #expect(asked.status == 75 && asked.err.contains("does not answer: it is panicked"), "\(asked.err)")
                try bed.run("dump", guest).succeeded()
                #expect(try dumps(of: guest).first?.record.title?.contains("sysrq") == true)
                // Paused before, it is paused still.
                #expect(try condition(guest)["isPaused"] == .bool(true))
                #expect(try bed.run("stop", guest).err.contains("forced off in"))

                try bed.run("start", "--on-panic", "reboot", guest).succeeded()
                let first = try bed.run("exec", guest, "--", "cat", "/proc/sys/kernel/random/boot_id").succeeded().out
                try crash(guest)
                var second = ""
                try eventually(within: .seconds(180)) {
                    let result = try bed.run("exec", guest, "--", "cat", "/proc/sys/kernel/random/boot_id")
                    second = result.out
                    return result.status == 0
                }
                #expect(!second.isEmpty && second != first)
                #expect(try bed.listed(guest).state == "running")
                try bed.run("stop", guest).succeeded()

                try bed.run("start", "--on-panic", "stop", guest).succeeded()
                try crash(guest)
                try bed.run("wait", guest, "--for", "shutdown", "--timeout", "60").succeeded()
                #expect(try bed.run("wait", guest, "--for", "dump").status == 66)
                try before.waitUntilBack()
            }
        }

        @Test(
            "a panic while it boots is kept as well: paused for a dump, or dumped and switched off; else all of it ends"
        )
        func bootPanic() throws {
            try bed.withGuest("boot-panic") { guest in
                let before = try HostState(of: bed)
                defer { removeDumps(of: guest) }
                func start(_ action: String) throws -> TestBed.Outcome {
                    try bed.run(
                        "start", "--on-panic", action, "--append", "rdinit=/none", "--append", "root=/dev/none", guest)
                }
                let paused = try start("pause")
                #expect(paused.status == 1 && paused.err.contains("It is paused"), "\(paused.err)")
                #expect(try bed.listed(guest).state == "panicked")
                try bed.run("dump", guest).succeeded()
                try bed.run("stop", guest).succeeded()
                try before.waitUntilBack()
                let dumped = try start("dump")
                #expect(dumped.status == 1 && dumped.err.contains("The host saved"), "\(dumped.err)")
                #expect(try dumps(of: guest).count == 2)
                try before.waitUntilBack()
                #expect(try start("kdump").status == 1)
                try before.waitUntilBack()
                #expect(!Files.exists(try bed.files(guest).run))
            }
        }

        @Test("a container has no kernel of its own: it is refused, and its end can be waited for")
        func container() throws {
            try bed.withGuest("no-kernel") { guest in
                let stopped = try bed.run("dump", guest)
                #expect(stopped.status == 66 && stopped.err.contains("is not running"))
                try bed.run("wait", guest, "--for", "shutdown").succeeded()
                let action = try bed.run("start", "--mode", "lxc", "--on-panic", "dump", guest)
                #expect(action.status == 64 && action.err.contains("--on-panic"))
                try bed.run("start", "--mode", "lxc", guest).succeeded()
                for arguments in [["dump", guest], ["dump", "--panic", guest], ["wait", guest, "--for", "panic"]] {
                    let result = try bed.run(arguments)
                    #expect(result.status == 64 && result.err.contains("its kernel is the host's"), "\(result.err)")
                }
                var waiter = try ChildProcess(bed.command(["wait", guest, "--for", "shutdown", "--quiet"]))
                #expect(try waiter.wait(until: .now + .milliseconds(300)) == nil)
                try bed.run("stop", guest).succeeded()
                #expect(try waiter.wait(until: .now + .seconds(20)) == .exited(0))
            }
        }
    }
}

extension IntegrationTests.DumpFromOutsideTests {
    /// Each is read by devbox's own reader: complete, of this kernel, with its messages.
    fileprivate func bothFormats(_ guest: String) throws {
        let kernel = try bed.run("exec", guest, "--", "uname", "-r").out.filter { !$0.isNewline }
        for (format, isSparse) in [("elf", true), ("kdump-zlib", false)] {
            let report = try bed.run("dump", guest, "--format", format, "--json").succeeded().json["dump"]
            #expect(report?["isComplete"] == .bool(true))
            let dump = try #require(try dumps(of: guest).first)
            #expect(dump.record.kernel == kernel)
            #expect(try Files.text(dump.messages).contains("Linux version \(kernel)"))
            let status = try Files.status(dump.vmcore)
            if isSparse {
                #expect(status.st_size > 1 << 30 && status.st_blocks * 512 < 600 << 20)
            } else {
                #expect(status.st_size < 300 << 20)
            }
            let magic = try Array(Files.open(dump.vmcore, .readOnly).first(8))
            #expect(magic == (isSparse ? [0x7F, 0x45, 0x4C, 0x46] + magic.dropFirst(4) : Array("KDUMP   ".utf8)))
        }
        let other = try bed.run("dump", guest, "--format", "kdump-lzo")
        #expect(other.status == 69 && other.err.contains("it has: elf, kdump-zlib"), "\(other.err)")
        try answers(guest)
    }

    /// SIGKILL and Ctrl-C in the middle: nothing is listed, nothing is left, the guest runs, and the next dump is taken.
    fileprivate func aborted(_ guest: String) throws {
        let count = try dumps(of: guest).count
        for signal in [SIGKILL, SIGKILL, SIGINT] {
            var child = try ChildProcess(bed.command(["dump", guest]), output: .null, error: .null)
            // The vmcore grows: QEMU is in the middle.
            try eventually { try sizeOfUnfinished(guest) > 1 << 20 }
            child.signal(signal)
            #expect(try child.wait(until: .now + .seconds(20))?.shellStatus == 128 + signal)
            #expect(try dumps(of: guest).count == count)
            // Not at once: QEMU notices by its next write. Nobody has to do anything for it.
            try eventually { try condition(guest)["isDumping"] == .bool(false) }
            try answers(guest)
        }
        try bed.run("dump", guest).succeeded()
        #expect(try dumps(of: guest).count == count + 1)
        #expect(try unfinished(guest).isEmpty)
    }

    /// A file system that has no room: the reason is told, nothing is left, and the guest goes on.
    fileprivate func fullDisk(_ guest: String) throws {
        let script = #"mount -t tmpfs -o size=16m none "$1" && "$2" dump "$3"; echo "status $?"; find "$1""#
        let folder = bed.work.appending("share/dumps")
        let command = Command(
            Program("unshare", package: "util-linux", for: "tests"),
            [
                "--mount", "--propagation", "private", "sh", "-c", script, "sh", folder.string, Devbox.program.name,
                guest,
            ], environment: ["DEVBOX_WORK": bed.work.string])
        let result = try runner.attempt(command, limit: .seconds(120))
        #expect(result.text.contains("status 1\n"), "\(result.text)")
        let complaint = String(decoding: result.errorBytes, as: UTF8.self)
        #expect(complaint.contains("no space left on device"), "\(complaint)")
        #expect(!result.text.contains("vmcore"))
        try eventually { try condition(guest)["isDumping"] == .bool(false) }
        try answers(guest)
    }

    /// Two dumps at once: one is taken, one is told to come back. One who follows and never reads harms neither.
    fileprivate func several(_ guest: String) throws {
        let silent = try UnixSocket.connect(bed.files(guest).control)
        defer { try? silent.close() }
        for _ in 1...2000 { _ = try UnixSocket.send(Array(#"{"request":"follow"}"#.utf8) + [10], to: silent) }
        let children = try (0..<2).map { _ in try Running(bed.command(["dump", guest])) }
        let statuses = try children.map { try $0.status() }
        #expect(statuses.map(\.shellStatus).sorted() == [0, 75])
        let late = try bed.run("wait", guest, "--for", "panic", "--timeout", "0.3")
        #expect(late.status == 122)
        try answers(guest)
    }

    /// A kernel that makes nothing of an NMI: the host takes the dump, at once, and says so.
    fileprivate func noInterest(_ guest: String) throws {
        let result = try bed.run("dump", "--panic", guest, limit: .seconds(60)).succeeded()
        #expect(result.err.contains("did not panic at the interrupt"))
        #expect(result.err.contains("the host takes the dump"))
        try answers(guest)
    }

    /// One that panics at it, with no crash kernel loaded: who waits and who runs a command hear of it, and the host takes it.
    fileprivate func interrupted(_ guest: String) throws {
        try bed.run("exec", guest, "--", "sysctl", "-w", "kernel.unknown_nmi_panic=1").succeeded()
        let waiter = try Running(bed.command(["wait", guest, "--for", "panic"]))
        let command = try Running(bed.command(["exec", guest, "--", "sleep", "600"]))
        let result = try bed.run("dump", "--panic", guest, limit: .seconds(60)).succeeded()
        #expect(result.err.contains("no crash kernel is loaded in it: the host takes the dump"), "\(result.err)")
        #expect(try waiter.status() == .exited(0))
        #expect(try command.status() == .exited(121))
        let dump = try #require(try dumps(of: guest).first)
        #expect(try Files.text(dump.messages).contains("Kernel panic - not syncing: NMI"))
        // What is the case already is not waited for.
        try bed.run("wait", guest, "--for", "panic", limit: .seconds(5)).succeeded()
        try bed.run("wait", guest, "--for", "dump", limit: .seconds(5)).succeeded()
        #expect(try bed.listed(guest).state == "panicked")
    }
}

extension IntegrationTests.DumpFromOutsideTests {
    fileprivate func crash(_ guest: String) throws {
        let script = "echo 1 > /proc/sys/kernel/sysrq; echo c > /proc/sysrq-trigger; sleep 60"
        #expect(try bed.run("exec", guest, "--", "sh", "-c", script).status == 121)
    }

    fileprivate func answers(_ guest: String) throws {
        #expect(try bed.run("exec", guest, "--", "echo", "alive", limit: .seconds(60)).out == "alive\n")
        #expect(try bed.listed(guest).state == "running")
    }

    fileprivate func condition(_ guest: String) throws -> JSONValue {
        try bed.run("show", guest, "--json").succeeded().json["condition"] ?? .null
    }

    fileprivate func dumps(of guest: String) throws -> [StoredDump] {
        try DumpStore(WorkDirectory(given: bed.work.string, environment: [:])).list(guest)
    }

    private func folder(_ guest: String) -> FilePath { bed.work.appending("share/dumps").appending(guest) }

    fileprivate func unfinished(_ guest: String) throws -> [FilePath] {
        try Files.list(folder(guest)).filter { $0.hasPrefix(".") }.map { folder(guest).appending($0) }
    }

    fileprivate func sizeOfUnfinished(_ guest: String) throws -> Int64 {
        try unfinished(guest).map { ((try? Files.status($0.appending("vmcore")).st_blocks).map(Int64.init) ?? 0) * 512 }
            .reduce(0, +)
    }

    fileprivate func removeDumps(of guest: String) {
        try? Files.removeTree(folder(guest))
        try? Files.removeTree(bed.work.appending("records/dumps").appending(guest))
    }

    /// All of the host's sysctls that a dump or a panic has to do with.
    fileprivate func hostSysctls() throws -> [String: String] {
        var values: [String: String] = [:]
        for name in try Files.list("/proc/sys/kernel") where name.contains("panic") || name == "sysrq" {
            values[name] = try Files.text(FilePath("/proc/sys/kernel/\(name)"))
        }
        // Not every kernel is built with sysrq.
        try #require(values["panic"] != nil)
        return values
    }

    fileprivate func eventually(within limit: Duration = .seconds(20), _ condition: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + limit
        while try !condition() {
            guard ContinuousClock.now < deadline else {
                throw Failure(.timedOut, "it did not come within \(limit.inWords)")
            }
            Interrupts.sleep(.milliseconds(5))
        }
    }
}

/// A devbox that runs beside the test.
private final class Running {
    private var child: ChildProcess

    init(_ command: Command) throws { child = try ChildProcess(command, output: .null, error: .null) }

    func status() throws -> HostTools.ExitStatus {
        guard let status = try child.wait(until: .now + .seconds(120)) else {
            throw Failure(.timedOut, "it does not end")
        }
        return status
    }
}

extension TestBed.Outcome {
    fileprivate var json: JSONValue { get throws { try RecordFile.decode(JSONValue.self, from: out.utf8) } }
}

extension FileDescriptor {
    /// The first bytes of a file, which is closed.
    fileprivate func first(_ count: Int) throws -> [UInt8] {
        defer { try? close() }
        var bytes = [UInt8](repeating: 0, count: count)
        let got = bytes.withUnsafeMutableBytes { Glibc.read(rawValue, $0.baseAddress, $0.count) }
        return Array(bytes.prefix(got))
    }
}
