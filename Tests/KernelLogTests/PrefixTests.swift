@testable import KernelLog
import Testing

@Suite("What stands in front of a kernel's message")
struct PrefixTests {
    struct Case: Sendable, CustomTestStringConvertible {
        let line: String
        let message: String
        let style: LinePrefix.Style
        var source = LinePrefix.Source.kernel
        /// In microseconds.
        var time: Int64?
        var task: Int32?
        var cpu: Int32?
        var level: LogLevel?
        var clock: WallTime?

        init(
            _ line: String, _ style: LinePrefix.Style, _ time: Int64? = nil, task: Int32? = nil, cpu: Int32? = nil,
            level: LogLevel? = nil, clock: WallTime? = nil, source: LinePrefix.Source = .kernel,
            message: String = "usb 1-1: new device"
        ) {
            (self.line, self.style, self.time, self.task, self.cpu) = (line, style, time, task, cpu)
            (self.level, self.clock, self.source, self.message) = (level, clock, source, message)
        }

        var testDescription: String { line }
    }

    private static func clock(_ year: Int16?, micro: Int32 = 0, offset: Int16? = nil) -> WallTime {
        WallTime(
            year: year, month: 11, day: 28, hour: 4, minute: 55, second: 21, microsecond: micro, offset: offset)
    }

    @Test(
        "the kernel's own, with and without a level and a caller",
        arguments: [
            Case("[   12.345678] usb 1-1: new device", .printk, 12_345_678),
            Case("[    0.000000] usb 1-1: new device", .printk, 0),
            Case("[1234567.000001] usb 1-1: new device", .printk, 1_234_567_000_001),
            Case("[   12.345678][  T123] usb 1-1: new device", .printk, 12_345_678, task: 123),
            Case("[   12.345678][    C1] usb 1-1: new device", .printk, 12_345_678, cpu: 1),
            Case("[   12.345678] [    C1] usb 1-1: new device", .printk, 12_345_678, cpu: 1),
            Case("[   12.345678][T12345@C1] usb 1-1: new device", .printk, 12_345_678, task: 12345, cpu: 1),
            Case("[   T123] usb 1-1: new device", .printk, task: 123),
            Case("<6>[   12.345678] usb 1-1: new device", .printk, 12_345_678, level: .info),
            Case("<4>[   12.345678][T9] usb 1-1: new device", .printk, 12_345_678, task: 9, level: .warning),
            Case("<6>usb 1-1: new device", .level, level: .info),
            Case("[   12.345678 <    0.000012>] usb 1-1: new device", .printk, 12_345_678),
            Case("[   12.345678]  do_syscall_64+0x33/0x40", .printk, 12_345_678, message: " do_syscall_64+0x33/0x40"),
            Case("[   12.345678]", .printk, 12_345_678, message: ""),
            Case("[   12.345678][    C1] ", .printk, 12_345_678, cpu: 1, message: ""),
            Case("[   12.345678] [drm] ready", .printk, 12_345_678, message: "[drm] ready"),
        ])
    func kernel(one: Case) { check(one) }

    @Test(
        "dmesg's: times of day, names of facilities and levels",
        arguments: [
            Case("[Sat Nov 28 04:55:21 2026] usb 1-1: new device", .clock, clock: clock(2026)),
            Case("[Sat Nov 28 04:55:21 2026] [    T5] usb 1-1: new device", .clock, task: 5, clock: clock(2026)),
            Case(
                "2026-11-28T04:55:21,123456+01:00 usb 1-1: new device", .clock,
                clock: clock(2026, micro: 123_456, offset: 60), source: .unknown),
            Case("[  +0.000012] usb 1-1: new device", .clock),
            Case("kern  :warn  : [   12.345678] usb 1-1: new device", .printk, 12_345_678, level: .warning),
            Case(
                "kern  :info  : [   12.345678][    T1] usb 1-1: new device", .printk, 12_345_678, task: 1, level: .info),
            Case(
                "kern  :err   : [Sat Nov 28 04:55:21 2026] usb 1-1: new device", .clock, level: .error,
                clock: clock(2026)),
            Case(
                "daemon:info  : [   12.345678] systemd[1]: hello", .printk, 12_345_678, level: .info, source: .program,
                message: "systemd[1]: hello"),
        ])
    func dmesg(one: Case) { check(one) }

    @Test(
        "syslog's and the journal's, with the name of the host and the program",
        arguments: [
            Case(
                "Nov 28 04:55:21 host kernel: [   12.345678] usb 1-1: new device", .syslog, 12_345_678,
                clock: clock(nil)),
            Case("Nov 28 04:55:21 my-host.example kernel: usb 1-1: new device", .syslog, clock: clock(nil)),
            Case(
                "Nov 28 04:55:21.123456 host kernel: usb 1-1: new device", .syslog, clock: clock(nil, micro: 123_456)),
            Case(
                "Nov 28 04:55:21 host kern.warn kernel: [   12.345678][   T12] usb 1-1: new device", .syslog,
                12_345_678,
                task: 12, level: .warning, clock: clock(nil)),
            Case(
                "2026-11-28T04:55:21.123456+00:00 host kernel: usb 1-1: new device", .syslog,
                clock: clock(2026, micro: 123_456, offset: 0)),
            Case(
                "2026-11-28T04:55:21.123456Z host kernel: [   12.345678] usb 1-1: new device", .syslog, 12_345_678,
                clock: clock(2026, micro: 123_456, offset: 0)),
            Case("2026-11-28T04:55:21-0130 host kernel: usb 1-1: new device", .syslog, clock: clock(2026, offset: -90)),
            Case("2026-11-28 04:55:21 host kernel: usb 1-1: new device", .syslog, clock: clock(2026)),
            Case(
                "Sat 2026-11-28 04:55:21 UTC host kernel: usb 1-1: new device", .syslog, clock: clock(2026, offset: 0)),
            Case("[   12.345678] host kernel: usb 1-1: new device", .printk, 12_345_678),
            Case(
                "<6>Nov 28 04:55:21 host kernel: usb 1-1: new device", .syslog, level: .info, clock: clock(nil)),
            Case(
                "Nov 28 04:55:21 host systemd[1]: Started it.", .syslog, clock: clock(nil), source: .program,
                message: "Started it."),
            Case(
                "2026-11-28T04:55:21+00:00 host sshd-session[12]: BUG: none", .syslog, clock: clock(2026, offset: 0),
                source: .program, message: "BUG: none"),
        ])
    func syslog(one: Case) { check(one) }

    @Test(
        "of /dev/kmsg, of test farms and of other programs",
        arguments: [
            Case("6,1234,5678,-;usb 1-1: new device", .record, 5678, level: .info),
            Case("4,1234,5678901,c,caller=T123;usb 1-1: new device", .record, 5_678_901, task: 123, level: .warning),
            Case("4,1,5,-,caller=C2,other=1;usb 1-1: new device", .record, 5, cpu: 2, level: .warning),
            Case(
                "30,1,5,-;systemd[1]: hello", .record, 5, level: .info, source: .program, message: "systemd[1]: hello"),
            Case(
                "2026-11-28T04:55:21.123 [   12.345678] usb 1-1: new device", .printk, 12_345_678,
                clock: clock(2026, micro: 123_000)),
            Case(
                "2026/11/28 04:55:21 BUG: memory leak", .clock, clock: clock(2026), source: .unknown,
                message: "BUG: memory leak"),
        ])
    func others(one: Case) { check(one) }

    private func check(_ one: Case) {
        let line = LogLine(one.line)
        #expect(line.message == one.message)
        #expect(line.prefix.style == one.style)
        #expect(line.prefix.source == one.source)
        #expect(line.prefix.sinceBoot == one.time)
        #expect(line.prefix.task == one.task)
        #expect(line.prefix.cpu == one.cpu)
        #expect(line.prefix.level == one.level)
        #expect(line.prefix.clock == one.clock)
        #expect(line.lead.isEmpty && line.whole == one.line)
    }

    @Test(
        "one that begins in the middle of a line, behind what somebody else printed",
        arguments: [
            ("host login: ", "[   12.345678][  T123] "), ("** 5311 printk messages dropped ** ", "[   12.345678] "),
            (" kernel:", "[   12.345678] "), ("x", "<6>[   12.345678] "), ("[  OK  ] Started x", "[   12.345678] "),
            ("[1234] ", "[   12.345678] "),
        ])
    func interleaved(lead: String, prefix: String) {
        let line = LogLine(lead + prefix + "BUG: bad")
        #expect(line.message == "BUG: bad")
        #expect(String(decoding: line.lead, as: UTF8.self) == lead)
        #expect(line.prefix.sinceBoot == 12_345_678 && line.prefix.source == .kernel)
    }

    @Test("a second message in a line whose end was lost is found")
    func second() throws {
        let line = LogLine("[   12.345678] usb 1-1: new de[   12.345699] BUG: bad")
        let second = try #require(line.second)
        #expect(second.message == "BUG: bad" && second.prefix.sinceBoot == 12_345_699)
        #expect(second.second == nil)
    }

    @Test(
        "what only looks like one is the message itself",
        arguments: [
            "Call Trace:", "[<ffffffff81234567>] do_it+0x1/0x2", "[00001044] *pgd=80000000",
            "[c000a1] [c0001] f+0x1/0x2",
            "[  OK  ] Started ssh.service.", "[ INFO: possible circular locking dependency detected ]", "<IRQ>",
            "<TASK>",
            "1.5,2,3,-;x", "6,1234,5678", "[   12.345678", "[", "<", "<6", "", " ", "12:30:00 x",
            "Nov 99 04:55:21 host kernel: x", "Marvellous: x", "2026-13-28T04:55:21Z x y: z",
            "[99999999999999999999.0] x",
            "kern of truth", "[T] x", "[T12x] y", "6,99999999999999999999999,1,-;x",
        ])
    func none(text: String) {
        let line = LogLine(text)
        #expect(line.message == text)
        #expect(line.prefix == LinePrefix())
    }
}

extension LinePrefix {
    fileprivate init() { self = LogLine("x").prefix }
}
