/// That a line begins the report of a fault.
public enum FaultMark: Sendable, Equatable {
    /// The kernel gives up.
    case panic
    /// Something is wrong, and the kernel goes on as if it were not, unless it was told to panic at it.
    case warning
    /// Any other: an oops, a BUG, a lockup, a hung task, a stall, a crash that was asked for.
    case fault

    /// Reads a line; nil where it begins no report, or is a program's.
    public init?(_ line: LogLine) {
        let text = line.text.drop { $0 == UInt8(ascii: " ") }
        guard line.prefix.source != .program, let first = text.first, Self.firstLetters.contains(first) else {
            return nil
        }
        if text.hasPrefix("Kernel panic - not syncing") {
            self = .panic
        } else if text.hasPrefix("WARNING: ") {
            self = .warning
        } else if Self.isFault(text) || Self.isHang(text) {
            self = .fault
        } else {
            return nil
        }
    }

    /// The words that the kernel begins the report of a fault with.
    private static let beginnings: [StaticString] = [
        "BUG: ", "kernel BUG at ", "Oops", "Internal error: ", "Unable to handle kernel ", "general protection fault",
        "sysrq: Trigger a crash", "SysRq : Trigger a crash", "watchdog: BUG: ", "NMI watchdog: BUG: ",
        "divide error: ", "double fault: ", "invalid opcode: ", "stack segment: ", "PANIC: ", "Uhhuh. NMI received",
    ]

    /// Of all that is looked for: of a hundred lines a few are looked at any further.
    private static let firstLetters = Array("BIKNOPSUWdgikrsw".utf8)

    private static func isFault(_ text: ArraySlice<UInt8>) -> Bool { beginnings.contains(where: text.hasPrefix) }

    private static func isHang(_ text: ArraySlice<UInt8>) -> Bool {
        func has(_ words: StaticString) -> Bool { text.firstRange(of: words) != nil }
        if text.hasPrefix("INFO: task ") { return has(" blocked ") }
        if text.hasPrefix("rcu: INFO: ") || text.hasPrefix("INFO: rcu") {
            return has("detected stall") || has("self-detected stall") || has("detected expedited stall")
        }
        let isWatchdog = text.hasPrefix("NMI watchdog: ") || text.hasPrefix("watchdog: ") || text.hasPrefix("Watchdog ")
        return isWatchdog && (has("atchdog detected hard LOCKUP") || has("atchdog: CPU"))
    }
}
