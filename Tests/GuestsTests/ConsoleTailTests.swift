import DevboxCore
@testable import Guests
import SystemPackage
import TestSupport
import Testing

@Suite("The console's last lines")
struct ConsoleTailTests {
    private let scratch: ScratchDirectory
    private let files: GuestFiles
    init() throws {
        scratch = try ScratchDirectory()
        files = GuestFiles(name: "a", path: scratch.path)
    }

    /// As Debian 12 prints it: kernel, systemd with colours, agetty's and a resize's cursor sequences, sysrq-c.
    private static let boot =
        "[    0.000000] Linux version 6.1.0-47-amd64 (debian-kernel@lists.debian.org)\r\n"
        + "[\u{1B}[0;32m  OK  \u{1B}[0m] Started \u{1B}[0;1;39mssh.service\u{1B}[0m - OpenBSD Secure Shell server.\r\r\n"
        + "\u{1B}7\u{1B}[r\u{1B}[999;999H\u{1B}[6n\u{1B}8Welcome to \u{1B}]0;title\u{07}bug-1\u{1B}(B\u{1B}[m!\r\n"
        + "\r\n\u{1B}[?2004hroot@bug-1:~# \u{1B}[3~x\r\n"
    private static let panic =
        "[  112.358132] sysrq: Trigger a crash\r\n"
        + "[  112.358901] Kernel panic - not syncing: sysrq triggered crash\r\n"
        + "[  112.359430] CPU: 0 PID: 412 Comm: bash Not tainted 6.1.0-47-amd64 #1\r\n"

    @Test("escape sequences of terminals do not appear, and no text beside them is lost")
    func stripped() throws {
        try scratch.write(Self.boot, to: "console.log")
        #expect(
            ConsoleTail.lines(files) == [
                "[    0.000000] Linux version 6.1.0-47-amd64 (debian-kernel@lists.debian.org)",
                "[  OK  ] Started ssh.service - OpenBSD Secure Shell server.", "Welcome to bug-1!", "root@bug-1:~# x",
            ])
        #expect(ConsoleTail.lines(files, count: 1) == ["root@bug-1:~# x"])
    }

    @Test(
        "what ends a boot is told from what does not",
        arguments: [
            ("Kernel panic - not syncing: VFS: Unable to mount root fs on unknown-block(0,0)", true),
            ("You are in emergency mode. After logging in, type \"journalctl -xb\"", true),
            ("Gave up waiting for root file system device.", true), ("(initramfs) ", true),
            ("Debian GNU/Linux 12 bug-1 ttyS0", false),
        ])
    func bootFaults(text: String, isFault: Bool) throws {
        try scratch.write(Self.boot + text, to: "console.log")
        #expect((ConsoleTail.bootFault(files) != nil) == isFault)
    }

    @Test("without a console there is nothing, and a link in its place is not followed")
    func none() throws {
        #expect(ConsoleTail.lines(files).isEmpty)
        let other = try scratch.write(Self.panic, to: "other")
        try tool("ln", "-s", other.string, files.consoleLog.string)
        #expect(ConsoleTail.bootFault(files) == nil)
    }
}
