import Guests

/// A kind of fault that a kernel can be told to panic on, as `--panic-on` names it.
public enum PanicCause: String, Sendable, CaseIterable {
    case oops
    case hungTask = "hung-task"
    case softlockup
    case hardlockup
    case rcuStall = "rcu-stall"
    case nmi
    case warn
    case oom
    case ioNMI = "io-nmi"

    /// What a guest is armed against where nothing else is asked for.
    public static let usual: [PanicCause] = [.oops, .hungTask, .softlockup, .hardlockup, .rcuStall, .nmi]

    static let hardlockupPanic = "kernel.hardlockup_panic"
    /// What the kernel's detector of hard lockups needs: it counts cycles, see Documentation/admin-guide/lockup-watchdogs.rst.
    public static let hardlockupNeed = "its detector needs a PMU, which a machine that is emulated (TCG) does not have"

    /// Its sysctls, from Documentation/admin-guide/sysctl/kernel.rst and vm.rst, and what a kernel must be built with to have them
    /// (kernel/sysctl.c, kernel/hung_task.c, kernel/watchdog.c).
    var sysctls: [Sysctl] {
        switch self {
        case .oops: [Sysctl("kernel.panic_on_oops", "1", "an oops or BUG(): a bad address, a failed assertion")]
        case .hungTask:
            [
                Sysctl(
                    "kernel.hung_task_panic", "1",
                    "a task that stays in uninterruptible sleep: a lost wake-up, stuck I/O",
                    needs: "CONFIG_DETECT_HUNG_TASK")
            ]
        case .softlockup:
            [
                Sysctl(
                    "kernel.softlockup_panic", "1",
                    "a processor that the kernel does not let schedule: an endless loop",
                    needs: "CONFIG_SOFTLOCKUP_DETECTOR")
            ]
        case .hardlockup:
            [
                Sysctl(
                    Self.hardlockupPanic, "1",
                    "a processor that takes no interrupts any more; its detector needs a PMU",
                    needs: "CONFIG_HARDLOCKUP_DETECTOR")
            ]
        case .rcuStall:
            [
                Sysctl(
                    "kernel.panic_on_rcu_stall", "1", "a grace period of RCU that does not end",
                    needs: "CONFIG_TREE_RCU")
            ]
        case .nmi:
            [
                Sysctl(
                    "kernel.unknown_nmi_panic", "1", "an NMI that nobody asked for: `devbox dump --panic` sends one",
                    needs: "CONFIG_X86"),
                Sysctl(
                    "kernel.panic_on_unrecovered_nmi", "1", "an NMI for a memory or bus error that cannot be mended",
                    needs: "CONFIG_X86"),
            ]
        case .warn: [Sysctl("kernel.panic_on_warn", "1", "a WARN(): something is wrong, and the kernel would go on")]
        case .oom: [Sysctl("vm.panic_on_oom", "1", "memory that has run out: before a process is killed for it")]
        case .ioNMI:
            [Sysctl("kernel.panic_on_io_nmi", "1", "an NMI for an error of the bus (IOCHK)", needs: "CONFIG_X86")]
        }
    }
}

/// A sysctl to be set.
struct Sysctl: Sendable, Equatable {
    let setting: KdumpState.Setting
    /// The option that a kernel is built with which has it; nil where every kernel has it, or where that is not known.
    let option: String?
    /// Whether only the kernel itself can tell that it has it.
    let isForeign: Bool

    init(_ name: String, _ value: String, _ comment: String, needs option: String? = nil, isForeign: Bool = false) {
        setting = KdumpState.Setting(name: name, value: value, comment: comment)
        self.option = option
        self.isForeign = isForeign
    }
}
