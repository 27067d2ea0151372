import DevboxCore

/// The line that a crash is known by.
public enum CrashTitle {
    /// How much earlier than the next one a line may be to belong to the same fault, in microseconds.
    private static let span = 5_000_000
    /// The same where lines have no times, in lines.
    private static let lines = 200
    private static let longest = 240

    private struct Mark {
        let number: Int
        let line: LogLine
    }

    /// The first line of the fault that the kernel ended with, without its time; nil where there is none.
    ///
    /// A fault has several such lines: "BUG: kernel NULL pointer dereference", "Oops: 0002", and then "Kernel panic". Those that
    /// follow each other within seconds are one; earlier ones, which the kernel survived, are not it.
    ///
    /// - Parameter messages: the kernel's messages, oldest first, with or without times.
    public static func find(in messages: [UInt8]) -> String? {
        var marks: [Mark] = []
        var panic: LogLine?
        for (number, line) in LogReader(messages).enumerated() {
            guard let fault = FaultMark(line) else { continue }
            marks.append(Mark(number: number, line: line))
            if fault == .panic {
                panic = line
                // What other processors say after it is not what it came of.
                break
            }
        }
        // A warning is a fault only where it was made one.
        if panic?.text.firstRange(of: "panic_on_warn") == nil { marks.removeAll { FaultMark($0.line) == .warning } }
        guard var first = marks.last else { return nil }
        for mark in marks.dropLast().reversed() {
            if let earlier = mark.line.prefix.sinceBoot, let later = first.line.prefix.sinceBoot {
                guard later - earlier <= span else { break }
            } else if first.number - mark.number > lines {
                break
            }
            first = mark
        }
        return Names.printable(first.line.message.drop { $0 == " " }.prefix(longest))
    }
}
