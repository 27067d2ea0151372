import DevboxCore
import Glibc

/// One line that tells how far something is, on a terminal only, and only for what takes over a second.
struct ProgressLine {
    private let isShown: Bool
    private let start = ContinuousClock.now
    private var hasLine = false

    init(_ console: Console) { isShown = isatty(2) == 1 && console.level >= .normal }

    /// "bug-4711: 40% of 1G".
    mutating func show(_ name: String, _ done: Int64, of total: Int64) {
        guard isShown, total > 0, ContinuousClock.now - start > .seconds(1) else { return }
        hasLine = true
        Console.write("\r\u{1B}[K\(name): \(min(100, done * 100 / total))% of \(ByteSize.text(total))", to: 2)
    }

    /// Takes the line off the terminal.
    mutating func clear() {
        if hasLine { Console.write("\r\u{1B}[K", to: 2) }
        hasLine = false
    }
}
