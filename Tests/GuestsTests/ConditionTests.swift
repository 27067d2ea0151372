import DevboxCore
import Glibc
@testable import Guests
import HostTools
import QMP
import SystemPackage
import TestSupport
import Testing

@Suite("What is known of a guest's kernel")
struct GuestConditionTests {
    private let line = "[   47.593969] Kernel panic - not syncing: sysrq triggered crash"
    private let end = "[   48.1] ---[ end Kernel panic - not syncing: sysrq triggered crash ]---"

    private func events(_ signals: [GuestCondition.Signal], _ check: (GuestCondition) -> Void = { _ in })
        -> [GuestEvent]
    {
        var condition = GuestCondition()
        let events = signals.flatMap { condition.note($0) }
        check(condition)
        return events
    }

    @Test("a panic is told once, by whichever way it comes first, with the console's line")
    func once() {
        let expected: [GuestEvent] = [.panicked(line: line), .halted]
        #expect(events([.console("Linux version 6.1"), .console(line), .console(end), .panicked]) == expected)
        #expect(events([.console(line), .panicked, .console(end)]) == expected)
        let silent = events([.panicked]) { #expect($0.state == "panicked") }
        #expect(silent.count == 2 && silent.last == .halted)
    }

    @Test("a crash kernel takes over: its dump is told when it restarts the guest, and the panic is past then")
    func crashKernel() {
        let told = events(
            [
                .console(line), .crashLoaded, .console("[    0.000000] Linux version 6.1.0-56-amd64"),
                .console("kdump-tools[200]: * kdump-tools: saved vmcore in /var/crash/202611211810."),
                .console("Rebooting."), .reset,
            ]
        ) {
            #expect($0.state == "running" && $0.panic == nil)
            #expect($0.dump == SavedDump(by: .guest, path: "/var/crash/202611211810"))
        }
        #expect(
            told == [
                .panicked(line: line), .crashKernel, .saved(SavedDump(by: .guest, path: "/var/crash/202611211810")),
                .reset,
            ])
    }

    @Test("a crash kernel that boots after an NMI tells of the panic by itself: the panic's own lines never came out")
    func silentPanic() {
        let command = "[    0.000000] Command line: root=UUID=6d1f rw console=ttyS0"
        #expect(events([.console("[    0.000000] Linux version 6.1.0-56-amd64"), .console(command)]).isEmpty)
        let told = events([
            .console("a login: [    0.000000] Linux version 6.1.0-56-amd64"),
            .console(command + " nr_cpus=1 acpi_rsdp=0xf59c0 elfcorehdr=1031540K"),
            .console("[    0.000000] Kernel command line: x elfcorehdr=1031540K"),
        ])
        #expect(told.count == 2 && told.last == .crashKernel)
    }

    @Test("a crash kernel that panics itself saves nothing, which is told once")
    func crashKernelPanics() {
        let told = events([
            .console(line), .console("Linux version 6.1"), .console("x " + line), .console(end), .panicked,
        ])
        #expect(told == [.panicked(line: line), .crashKernel, .saveFailed(line: "x " + line)])
    }

    @Test("a dump that was being saved counts when the guest ends instead of restarting")
    func savedThenEnded() {
        let saved = SavedDump(by: .guest, path: "/var/crash/1")
        #expect(events([.console(line), .console("x saved vmcore in /var/crash/1 "), .ended]).last == .saved(saved))
    }

    @Test("Fedora's and RHEL's kdump names the folder first, and says later that the dump is there")
    func savedByFedora() {
        let begun = GuestCondition.Signal.console(
            "kdump[573]: saving vmcore-dmesg.txt to /sysroot/srv/crash/127.0.0.1-2026-11-21-18:10:04/")
        let finished = GuestCondition.Signal.console("kdump[615]: saving vmcore complete")
        let saved = SavedDump(by: .guest, path: "/srv/crash/127.0.0.1-2026-11-21-18:10:04")
        #expect(events([.console(line), begun, finished, .reset]).contains(.saved(saved)))
        #expect(!events([.console(line), begun, .reset]).contains(.saved(saved)))
        #expect(!events([begun, finished, .console(line), .reset]).contains(.saved(saved)))
    }

    @Test("a new panic makes the last dump an old one, so that who waits for a dump waits for its own")
    func nextPanic() {
        _ = events([.console(line), .console("saved vmcore in /var/crash/1"), .reset, .console(line), .silent]) {
            #expect($0.dump == nil)
        }
    }

    @Test("a kernel that reboots after a time stands still until then; one that failed to save says so")
    func others() {
        #expect(events([.console(line), .console("[ 1.0] Rebooting in 10 seconds.."), .silent]).last == .halted)
        #expect(
            events([.console(line), .console("kdump-tools: failed to save vmcore in /var/crash/1"), .silent]).last
                == .saveFailed(line: "failed to save vmcore in /var/crash/1"))
        #expect(
            events([.console("saved vmcore in /var/crash/1"), .console("Rebooting in 5 seconds.."), .ended]).isEmpty)
        #expect(events([.console("Dazed and confused, but trying to continue")]) == [.interruptIgnored])
    }

    @Test(
        "the words of a panic are one only where the machine, a kernel that boots, or the guest's silence tells of it too"
    )
    func words() {
        let fake = "[   12.5] selftest: expecting: Kernel panic - not syncing: softlockup"
        for line in [line, end, fake, "Kernel panic - not syncing: by echo"] {
            let told = events([.console(line), .console("[ 13.0] something else")]) { #expect($0.state == "running") }
            #expect(told.isEmpty)
            // What answers has not panicked, now and later.
            #expect(events([.console(line), .answered, .silent, .reset, .ended]) == [.reset])
        }
        for sign in [
            GuestCondition.Signal.silent, .panicked, .crashLoaded, .console("Command line: elfcorehdr=1M"), .reset,
            .ended,
        ] {
            #expect(events([.console(line), sign]).first == .panicked(line: line), "\(sign)")
        }
        #expect(events([.console(line), .console(end), .silent]) == [.panicked(line: line), .halted])
    }

    @Test("a console of another day that somebody shows is no panic: its guest answers; a kernel that boots does not")
    func shown() {
        let boot = GuestCondition.Signal.console("[    0.000000] Linux version 6.1.0-9-amd64 (x)")
        let told = events([.console(line), boot, .answered, .silent]) { #expect($0.state == "running" && !$0.isUrgent) }
        #expect(told.isEmpty)
        _ = events([.console(line), boot]) { #expect($0.isUrgent && !$0.isSaidToStand && $0.panic == nil) }
        _ = events([.console(line), .console(end)]) { #expect($0.isSaidToStand && !$0.isUrgent) }
        _ = events([.console(line), .console(end), .answered]) { #expect(!$0.isSaidToStand) }
        #expect(events([.console(line), boot, .silent]) == [.panicked(line: line), .crashKernel])
    }

    @Test("a guest that restarts or ends in order after the words of a panic had not panicked")
    func orderly() {
        #expect(events([.console(line), .console("[   60.1] reboot: Restarting system"), .reset]) == [.reset])
        #expect(events([.console(line), .console("[   60.1] reboot: Power down"), .ended]).isEmpty)
    }

    @Test("a guest that was taken for a panicked one for its silence alone, and answers after all, has not panicked")
    func lateAnswer() {
        let told = events([.console(line), .silent, .answered]) { #expect($0.state == "running" && $0.panic == nil) }
        #expect(told == [.panicked(line: line), .reset])
        _ = events([.console(line), .panicked, .answered]) { #expect($0.state == "panicked") }
    }

    @Test("a machine that stands still because the host has no space left says so, until it goes on")
    func outOfSpace() throws {
        #expect(events([.outOfSpace, .paused, .outOfSpace, .paused]) == [.outOfSpace, .paused])
        _ = events([.outOfSpace, .paused]) { condition in
            #expect(condition.state == "out of space")
            // As it reaches those who ask.
            let read = (try? RecordFile.json(condition)).flatMap {
                try? RecordFile.decode(GuestCondition.self, from: $0)
            }
            #expect(read == condition)
        }
        let told = events([.outOfSpace, .paused, .resumed]) { #expect($0.state == "running") }
        #expect(told.last == .resumed)
        func event(_ members: String) throws -> QMPEvent {
            QMPEvent(name: "BLOCK_IO_ERROR", data: try RecordFile.decode(JSONValue.self, from: members.utf8))
        }
        #expect(try event(#"{"action": "stop", "nospace": true, "reason": "No space left on device"}"#).stopsForSpace)
        #expect(try !event(#"{"action": "report", "nospace": false, "reason": "Input/output error"}"#).stopsForSpace)
    }

    @Test("one that waits for space hears the power button later, and is not switched off for nothing")
    func waiting() {
        _ = events([.outOfSpace, .paused]) {
            #expect($0.waitsForSpace(.kdump) && !$0.isDeaf(.kdump) && !$0.isDeaf(nil))
        }
        _ = events([.paused]) { #expect($0.isDeaf(.kdump) && !$0.waitsForSpace(.kdump)) }
        _ = events([.outOfSpace, .paused, .console(line), .panicked]) {
            #expect($0.isDeaf(.kdump) && !$0.waitsForSpace(.kdump) && $0.needOfSpace(.pause) == .patience)
        }
        _ = events([.outOfSpace, .paused, .crashLoaded]) {
            #expect($0.isDeaf(.pause) && !$0.isDeaf(.kdump) && $0.waitsForSpace(.kdump))
        }
        // It went on before it had said that it stands still.
        _ = events([.outOfSpace, .resumed]) { #expect($0.state == "running" && $0.needOfSpace(nil) == .nothing) }
    }

    @Test("of very much that is said after the words of a panic the last line still tells that all was in order")
    func longOrder() {
        var condition = GuestCondition()
        _ = condition.note(.console(line))
        for number in 1...5000 { #expect(condition.note(.console("[ 12.5] line \(number)")).isEmpty) }
        _ = condition.note(.console("[   60.1] reboot: Restarting system"))
        #expect(condition.note(.reset) == [.reset])
    }

    @Test("standing still and going on")
    func paused() {
        #expect(events([.paused, .paused, .resumed, .resumed]) == [.paused, .resumed])
        _ = events([.paused]) { #expect($0.state == "paused") }
    }

    @Test("a panic for the host leaves the guest's own crash kernel out; the default leaves the arguments as they are")
    func arguments() {
        let given = ["quiet", "crashkernel=192M"]
        #expect(PanicAction.kdump.kernelArguments(given) == given)
        #expect(PanicAction.dump.kernelArguments(given) == ["quiet", "systemd.mask=kdump-tools.service"])
        #expect(PanicAction.stop.kernelArguments(["quiet"]) == ["quiet"])
    }
}

@Suite("Following a console", .timeLimit(.minutes(10)))
struct ConsoleWatchTests {
    @Test("lines come whole, however they were written; an endless one is cut, and the next is whole again")
    func lines() throws {
        let scratch = try ScratchDirectory()
        let log = try scratch.write("before\r\nhalf", to: "console.log")
        let writer = try Files.open(log, .writeOnly, .append)
        let loop = EventLoop()
        var seen: [String] = []
        let watch = try ConsoleWatch(log, loop: loop) { line in
            seen.append(line)
            if line == "last" { loop.stop() }
        }
        let long = String(repeating: "x", count: 100_000)
        for (number, text) in [" a line\n", "\u{1B}[0;32mcoloured\u{1B}[0m\n", long, long + "\n", "last\n"].enumerated()
        {
            loop.after(.milliseconds(40 * number)) { try Files.writeAll(writer, Array(text.utf8), name: "the log") }
        }
        loop.after(.seconds(20)) { loop.stop() }
        try watch.catchUp()
        try loop.run()
        try writer.close()
        #expect(seen == ["before", "half a line", "coloured", String(repeating: "x", count: 4096), "last"])
    }

    @Test("a guest that prints very much is followed to the end")
    func flood() throws {
        let scratch = try ScratchDirectory()
        let log = try scratch.write("", to: "console.log")
        let loop = EventLoop()
        var count = 0
        let watch = try ConsoleWatch(log, loop: loop) { line in
            count += 1
            if line == "last" { loop.stop() }
        }
        loop.after(.zero) {
            let file = try Files.open(log, .writeOnly, .append)
            try Files.writeAll(
                file, Array((String(repeating: "0123456789\n", count: 300_000) + "last\n").utf8), name: "")
            try file.close()
        }
        loop.after(.seconds(60)) { loop.stop() }
        try loop.run()
        #expect(count == 300_001)
        withExtendedLifetime(watch) {}
    }
}
