import KernelLog
import Testing

@Suite("What a console's line says of its kernel")
struct MarkTests {
    @Test(
        "marks are known with and without a prefix, and in the middle of a line that somebody else began",
        arguments: [
            ("Kernel panic - not syncing: sysrq triggered crash", KernelMark.panic),
            ("---[ end Kernel panic - not syncing: sysrq triggered crash ]---", .panicEnd),
            ("Linux version 6.1.0-47-amd64 (x@y) #1 SMP", .boot(version: "6.1.0-47-amd64")),
            ("Command line: root=UUID=1 elfcorehdr=1031540K", .crashKernel),
            ("Kernel command line: root=UUID=1 elfcorehdr=1031540K", .crashKernel),
            ("Rebooting in 10 seconds..", .restart),
            ("Dazed and confused, but trying to continue", .interruptIgnored),
            ("VFS: Unable to mount root fs on unknown-block(0,0)", .bootFault),
        ])
    func kernel(text: String, mark: KernelMark) {
        for prefix in [
            "", "[   12.345678] ", "[   12.345678][  T412] ", "<0>[   12.345678] ", "host login: [   12.345678] ",
            "Nov 28 04:55:21 host kernel: [   12.345678] ", "Nov 28 04:55:21 host kernel: ", "host login: ",
            "[   12.345600] usb 1-1: new de[   12.345678] ",
        ] {
            #expect(KernelMark(LogLine(prefix + text)) == mark, "\(prefix)")
        }
        for prefix in [
            "[   12.345678] systemd[1]: ", "Nov 28 04:55:21 host logger: ", "<30>[   12.345678] ",
            "[   12.345678] usb 1-1: ",
        ] {
            #expect(KernelMark(LogLine(prefix + text)) == nil, "\(prefix)")
        }
    }

    @Test("a command line without the memory of another kernel is none of a crash kernel")
    func commandLine() { #expect(KernelMark(LogLine("[    0.000000] Command line: root=UUID=1 quiet")) == nil) }

    @Test(
        "what programs say of a dump and of a boot, behind whatever prefix",
        arguments: [
            (
                "kdump-tools[200]: * kdump-tools: saved vmcore in /var/crash/1.",
                KernelMark.dumpSaved(path: "/var/crash/1")
            ),
            ("[   12.345678] kdump-tools[200]: saved vmcore in /var/crash/1", .dumpSaved(path: "/var/crash/1")),
            ("kdump-tools: saved vmcore in /srv/my crash/202611211810", .dumpSaved(path: "/srv/my crash/202611211810")),
            (
                "kdump-tools: saved vmcore in root@10.0.0.1:/var/crash/10.0.0.2-202611211810.",
                .dumpSaved(path: "root@10.0.0.1:/var/crash/10.0.0.2-202611211810")
            ),
            ("kdump-tools: saved vmcore via FTP in server:/dump.2026", .dumpSaved(path: "server:/dump.2026")),
            (
                "kdump[573]: saving vmcore-dmesg.txt to /sysroot//srv/crash/127.0.0.1-2026-11-21-18:10:04/",
                .dumpBegun(path: "/srv/crash/127.0.0.1-2026-11-21-18:10:04")
            ),
            ("kdump[615]: saving vmcore complete", .dumpFinished),
            ("kdump[615]: saving vmcore failed, exitcode:1", .dumpFailed(words: "saving vmcore failed, exitcode:1")),
            ("kdump-tools: failed to save vmcore in /x", .dumpFailed(words: "failed to save vmcore in /x")),
            ("You are in emergency mode. After logging in, type \"journalctl -xb\"", .bootFault),
            ("You are in rescue mode.", .bootFault), ("Gave up waiting for root file system device.", .bootFault),
            ("(initramfs) ", .bootFault), ("(initramfs) [   12.345678] usb 1-1: new device", .bootFault),
        ])
    func programs(text: String, mark: KernelMark) { #expect(KernelMark(LogLine(text)) == mark) }

    @Test("a panic and a boot that ends in a shell end a boot, and nothing else does")
    func endsBoot() {
        #expect([KernelMark.panic, .panicEnd, .bootFault].allSatisfy { $0.endsBoot })
        #expect(![KernelMark.boot(version: ""), .crashKernel, .restart, .interruptIgnored].contains { $0.endsBoot })
        #expect(KernelMark.panicEnd.isPanic && !KernelMark.bootFault.isPanic)
        #expect(KernelMark(LogLine(KernelMark.panicWords)) == .panic)
    }

    @Test("a kernel has begun to run as soon as the front of its first line is there")
    func boots() {
        let firmware = "\u{1B}c\u{1B}[?7l\u{1B}[2JSeaBIOS (version 1.16)\r\nBooting from ROM..\r\n"
        #expect(!KernelMark.showsBoot(firmware + "\rDecompressing Linux... done.\r\n[    0.000000] Linux vers"))
        #expect(KernelMark.showsBoot(firmware + "[    0.000000] Linux version "))
        #expect(KernelMark.showsBoot(firmware + "[    0.000000] Linux version 6.1.0 (x)\r\n[    0.000000] Command"))
    }

    @Test("what a kernel was and was started with is among its first messages, in whatever form they come")
    func facts() {
        for prefix in [
            "[    0.000000] ", "<6>[    0.000000][    T0] ", "[    0.000000] [    T0] ", "[    0.000000] [    C1] ",
            "5,0,0,-;", "Nov 28 04:55:21 host kernel: ", "",
        ] {
            let facts = BootFacts(
                Array("\(prefix)Linux version 6.1.0-47-amd64 (x@y)\n\(prefix)Kernel command line: ro quiet\n".utf8))
            #expect(facts.kernel == "6.1.0-47-amd64")
            #expect(facts.commandLine == "ro quiet")
        }
        #expect(BootFacts(Array("Nov 28 04:55:21 host logger: Linux version 1\n".utf8)).kernel == nil)
    }

    @Test("a title is found behind every prefix, and what a program says is none")
    func titles() {
        for prefix in [
            "<0>[   12.345678] ", "host login: [   12.345678] ", "Nov 28 04:55:21 host kernel: ", "0,1,2,-;",
        ] {
            #expect(CrashTitle.find(in: Array("\(prefix)BUG: bad\n".utf8)) == "BUG: bad")
        }
        #expect(CrashTitle.find(in: Array("Nov 28 04:55:21 host cat: BUG: bad\n".utf8)) == nil)
    }

    @Test("the time in front of a message is written as it is read")
    func stamp() {
        #expect(PrintkStamp.text(nanoseconds: 1_234_567_890) == "[    1.234567] ")
        #expect(PrintkStamp.text(nanoseconds: 123_456_000_007_000) == "[123456.000007] ")
        #expect(LogLine(PrintkStamp.text(nanoseconds: 123_456_000_007_999) + "x").prefix.sinceBoot == 123_456_000_007)
    }
}
