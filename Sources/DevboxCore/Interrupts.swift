import CLinux
import Glibc
import SystemPackage

/// SIGINT, SIGTERM and SIGHUP as something to poll for, so that a command ends by its ordinary way out and cleans up.
///
/// The handler writes to a pipe that is never read: once a signal came, the read end stays readable.
public enum Interrupts {
    private static let pipe: (read: Int32, write: Int32)? = {
        var ends: [Int32] = [-1, -1]
        guard devbox_pipe(&ends, 1) == 0 else { return nil }
        return (ends[0], ends[1])
    }()

    /// Begins to note signals instead of dying of them.
    public static func install() {
        guard let pipe else { return }
        _ = devbox_install_signal_pipe(pipe.write)
        signal(SIGPIPE, SIG_IGN)
    }

    /// Leaves Ctrl-C to a program in the foreground while `body` runs; SIGTERM and SIGHUP are noted as ever.
    ///
    /// - Parameter isTheirs: whether there is such a program; where not, Ctrl-C is noted as ever.
    public static func leavingCtrlC<T>(if isTheirs: Bool, to body: () throws -> T) rethrows -> T {
        guard isTheirs else { return try body() }
        _ = devbox_note_interrupt(0)
        defer { _ = devbox_note_interrupt(1) }
        return try body()
    }

    /// A descriptor that is readable once a signal came; -1, which poll(2) ignores, where there is none.
    public static var descriptor: Int32 { pipe?.read ?? -1 }

    /// Whether a signal came.
    public static var pending: Bool { Poll.wait([.read(descriptor)], until: .now)[0] }

    /// Waits until there is something to read, or its end.
    ///
    /// - Throws: `interrupted` when a signal comes first.
    public static func wait(for other: FileDescriptor) throws {
        _ = try Poll.wait([.read(other)], interruptible: true)
    }

    /// Throws `interrupted` once a signal came.
    public static func check() throws {
        if pending { throw Failure.interrupted }
    }

    /// Waits, or less when a signal comes. For polling something that cannot wake us, never in place of a condition.
    public static func sleep(_ duration: Duration) { Poll.wait([.read(descriptor)], until: .now + duration) }
}

extension Duration {
    /// Whole milliseconds for poll(2), rounded up, at least 0.
    public var milliseconds: Int32 {
        let (seconds, attoseconds) = components
        let milliseconds = seconds * 1000 + (attoseconds + 999_999_999_999_999) / 1_000_000_000_000_000
        return Int32(clamping: max(0, milliseconds))
    }

    /// Seconds as people write them, with a digit behind the point where there is one: "60 s", "0.5 s".
    public var inWords: String {
        let tenths = Int((inSeconds * 10).rounded())
        return tenths % 10 == 0 ? "\(tenths / 10) s" : "\(tenths / 10).\(tenths % 10) s"
    }

    /// Seconds as a number, for reports.
    public var inSeconds: Double {
        Double(components.seconds) + Double(components.attoseconds) / 1e18
    }
}
