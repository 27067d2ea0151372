import DevboxCore
import Glibc

/// Bars that a closure shows which outlives the call that it is given to.
final class SharedBars {
    private var bars: ProgressBars

    init(_ console: Console) { bars = ProgressBars(console) }

    func show(_ transfers: [TransferProgress]) { bars.show(transfers) }
    func clear() { bars.clear() }
}

/// A bar for each running transfer, on a terminal only, and only for what takes over a second.
struct ProgressBars {
    private let isShown: Bool
    private let start = ContinuousClock.now
    private var last = ContinuousClock.now
    private var lines = 0
    /// No more bars than this; a terminal has so many lines.
    private static let most = 12

    init(_ console: Console) { isShown = isatty(2) == 1 && console.level >= .normal }

    mutating func show(_ transfers: [TransferProgress]) {
        let now = ContinuousClock.now
        guard isShown, now - start > .seconds(1), now - last > .milliseconds(200) else { return }
        last = now
        // What is done needs no bar, and what has not begun has nothing to show.
        let running = transfers.filter { $0.received > 0 && $0.received != $0.total }.prefix(Self.most)
        var text = back
        for transfer in running { text += "\r\u{1B}[K\(Self.line(transfer, width: Self.width))\n" }
        lines = running.count
        Console.write(text, to: 2)
    }

    /// Takes the bars off the terminal.
    mutating func clear() {
        if lines > 0 { Console.write(back, to: 2) }
        lines = 0
    }

    private var back: String { String(repeating: "\u{1B}[1A\r\u{1B}[K", count: lines) }

    private static var width: Int {
        var size = winsize()
        return ioctl(2, UInt(TIOCGWINSZ), &size) == 0 && size.ws_col > 20 ? Int(size.ws_col) : 80
    }

    /// "ltp-…-amd64.deb  [#####     ]  50% of 34M", in at most `width` columns.
    static func line(_ transfer: TransferProgress, width: Int) -> String {
        let name = String(Names.printable(transfer.name).prefix(max(8, width - 42)))
        guard let total = transfer.total, total > 0 else { return "\(name)  \(ByteSize.text(transfer.received))" }
        let part = min(1, Double(transfer.received) / Double(total))
        let filled = Int(part * 20)
        let bar = String(repeating: "#", count: filled) + String(repeating: " ", count: 20 - filled)
        return "\(name)  [\(bar)] \(Int(part * 100))% of \(ByteSize.text(total))"
    }
}
