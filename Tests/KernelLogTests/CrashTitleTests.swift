import KernelLog
import Testing

@Suite("The title of a dump")
struct TitleTests {
    private func title(_ lines: String...) -> String? { CrashTitle.find(in: Array(lines.joined(separator: "\n").utf8)) }

    @Test(
        "the line that the kernel begins its report with",
        arguments: [
            "BUG: kernel NULL pointer dereference, address: 0000000000000000",
            "BUG: unable to handle page fault for address: ffff",
            "kernel BUG at fs/ext4/inode.c:2741!",
            "general protection fault, probably for non-canonical address 0xdead: 0000 [#1]",
            "Unable to handle kernel NULL pointer dereference at virtual address 0000000000000000",
            "INFO: task touch:412 blocked for more than 120 seconds.",
            "watchdog: BUG: soft lockup - CPU#1 stuck for 22s! [sh:1]",
            "rcu: INFO: rcu_preempt detected stalls on CPUs/tasks:", "rcu: INFO: rcu_sched self-detected stall on CPU",
            "sysrq: Trigger a crash", "NMI watchdog: Watchdog detected hard LOCKUP on cpu 0",
            "divide error: 0000 [#1] SMP",
            "Internal error: Oops - BUG: 00000000f2000800 [#1] SMP", "BUG: KASAN: use-after-free in foo+0x1/0x2",
        ])
    func marks(line: String) {
        #expect(title("[    1.000000] eth0: link up", "[   12.345678] \(line)", "[   12.345700] CPU: 0") == line)
        #expect(
            title(
                "[   12.345678] \(line)", "[   12.345700] CPU: 0",
                "[   12.400000] Kernel panic - not syncing: Fatal exception") == line)
        // With the caller's id, as CONFIG_PRINTK_CALLER has it.
        #expect(title("[   12.345678][  T412] \(line)") == line)
    }

    @Test("the fault that the kernel ended with, and not one that it survived")
    func last() {
        #expect(
            title(
                "[  100.000000] BUG: kernel NULL pointer dereference, address: 0000000000000008",
                "[  100.000100] Oops: 0000 [#1] PREEMPT SMP",
                "[  900.000000] INFO: task a:1 blocked for more than 120 seconds.",
                "[  900.100000] INFO: task b:2 blocked for more than 120 seconds.",
                "[  900.200000] Kernel panic - not syncing: hung_task: blocked tasks")
                == "INFO: task a:1 blocked for more than 120 seconds.")
    }

    @Test("what other processors say after the panic is not its title")
    func afterPanic() {
        #expect(
            title(
                "[   10.000000] sysrq: Trigger a crash",
                "[   10.000100] Kernel panic - not syncing: sysrq triggered crash",
                "[   90.000000] watchdog: BUG: soft lockup - CPU#0 stuck for 22s!") == "sysrq: Trigger a crash")
    }

    @Test("a warning is one where the kernel was told to panic at it, and only there")
    func warnings() {
        let warning = "WARNING: CPU: 0 PID: 1 at kernel/foo.c:12 bar+0x1/0x2"
        #expect(title("[    5.000000] \(warning)") == nil)
        #expect(
            title("[    5.000000] \(warning)", "[    6.000000] BUG: unable to handle page fault")
                == "BUG: unable to handle page fault")
        #expect(
            title(
                "[    5.000000] \(warning)", "[    5.100000] Kernel panic - not syncing: kernel: panic_on_warn set ...")
                == warning)
    }

    @Test("none where nothing happened, whatever programs write")
    func none() {
        #expect(
            title("[    1.000000] Linux version 6.1", "[    2.000000] systemd[1]: Kernel panic - not syncing") == nil)
        #expect(title("") == nil)
        #expect(title("[    1.000000] PM: hibernation: Oops") == nil)
    }

    @Test("control characters in it cannot reach a terminal, and it has an end")
    func hostile() throws {
        let found = try #require(title("[    1.000000] BUG: \u{1B}]0;x\u{07}" + String(repeating: "a", count: 5000)))
        #expect(found.hasPrefix("BUG: "))
        #expect(!found.contains("\u{1B}") && !found.contains("\u{07}"))
        #expect(found.count < 400)
    }
}
