import CLinux
import DevboxCore
import Glibc
import Guests
import SystemPackage

/// devbox's own terminal, while a command elsewhere has it: every key goes there, and its size is told.
final class TerminalWindow {
    /// Readable when the size may have changed.
    let changes: FileDescriptor
    private let raw: RawTerminal?

    /// Takes over the terminal at standard input.
    init() throws {
        changes = FileDescriptor(rawValue: try posix("watch the terminal") { devbox_window_changes() })
        raw = RawTerminal()
    }

    deinit {
        raw?.restore()
        try? changes.close()
    }

    /// Its rows and columns; those of a terminal of old where it does not tell.
    var size: (rows: Int, columns: Int) {
        var size = winsize()
        guard ioctl(0, UInt(TIOCGWINSZ), &size) == 0, size.ws_row > 0, size.ws_col > 0 else { return (24, 80) }
        return (Int(size.ws_row), Int(size.ws_col))
    }

    /// Takes in that it may have changed.
    func noteChange() {
        var buffer = [UInt8](repeating: 0, count: 1024)
        while buffer.withUnsafeMutableBytes({ read(changes.rawValue, $0.baseAddress, $0.count) }) > 0 {}
    }
}
