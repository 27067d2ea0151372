import DevboxCore

/// The line that a crash is known by.
public enum DumpTitle {
    /// How much earlier than the next one a line may be to belong to the same fault, in seconds.
    private static let span = 5.0
    /// The same where lines have no times, in lines.
    private static let lines = 200
    private static let longest = 240

    private struct Line {
        let number: Int
        let time: Double?
        let text: Substring
    }

    /// The first line of the fault that the kernel ended with, without its time; nil where there is none.
    ///
    /// A fault has several such lines: "BUG: kernel NULL pointer dereference", "Oops: 0002", and then "Kernel panic". Those that
    /// follow each other within seconds are one; earlier ones, which the kernel survived, are not it.
    public static func find(in messages: [UInt8]) -> String? {
        var marks: [Line] = []
        var panic: Int?
        for (number, bytes) in messages.split(separator: 10).enumerated() {
            let line = parse(number, String(decoding: bytes.prefix(2048), as: UTF8.self))
            let isWarning = line.text.hasPrefix("WARNING: ")
            guard isWarning || isMark(line.text) else { continue }
            marks.append(line)
            if line.text.hasPrefix("Kernel panic - not syncing") {
                panic = marks.count - 1
                // What other processors say after it is not what it came of.
                break
            }
        }
        // A warning is a fault only where it was made one.
        let isWarningFatal = panic.map { marks[$0].text.contains("panic_on_warn") } ?? false
        if !isWarningFatal { marks.removeAll { $0.text.hasPrefix("WARNING: ") } }
        guard var first = marks.last else { return nil }
        for line in marks.dropLast().reversed() {
            if let earlier = line.time, let later = first.time {
                guard later - earlier <= span else { break }
            } else if first.number - line.number > lines {
                break
            }
            first = line
        }
        return Names.printable(first.text.prefix(longest))
    }

    /// The words that the kernel begins the report of a fault with.
    private static let beginnings = [
        "Kernel panic - not syncing", "BUG: ", "kernel BUG at ", "Oops", "Internal error: ", "Unable to handle kernel ",
        "general protection fault", "sysrq: Trigger a crash", "SysRq : Trigger a crash", "watchdog: BUG: ",
        "NMI watchdog: BUG: ", "divide error: ", "double fault: ", "invalid opcode: ", "stack segment: ", "PANIC: ",
        "Uhhuh. NMI received",
    ]

    private static func isMark(_ text: Substring) -> Bool {
        if beginnings.contains(where: text.hasPrefix) { return true }
        if text.hasPrefix("INFO: task "), text.contains(" blocked ") { return true }
        if text.contains("atchdog detected hard LOCKUP") || text.contains("atchdog: CPU") { return true }
        let isStall =
            text.contains("detected stall") || text.contains("self-detected stall")
            || text.contains("detected expedited stall")
        return isStall && (text.hasPrefix("rcu: INFO: ") || text.hasPrefix("INFO: rcu"))
    }

    /// Takes "[    1.234567]" and a caller's "[    T1]" off.
    private static func parse(_ number: Int, _ line: String) -> Line {
        var (text, time) = (line[...], Double?.none)
        if text.hasPrefix("<"), let end = text.firstIndex(of: ">"), text[..<end].count < 6 {
            text = text[text.index(after: end)...]
        }
        while text.hasPrefix("["), let end = text.firstIndex(of: "]") {
            let inside = text[text.index(after: text.startIndex)..<end].drop { $0 == " " }
            if time == nil, let seconds = Double(inside) {
                time = seconds
            } else if !(inside.first.map { "TC".contains($0) } ?? false) || !inside.dropFirst().allSatisfy(\.isNumber) {
                break
            }
            text = text[text.index(after: end)...].drop { $0 == " " }
        }
        return Line(number: number, time: time, text: text)
    }
}
