import CLinux
import Glibc
import Synchronization
import SystemPackage

/// Where messages go: stderr, so that stdout holds data alone.
public struct Console: Sendable {
    /// How much is said.
    public enum Level: Int, Sendable, Comparable {
        case quiet, normal, verbose
        /// Whether `left` says less than `right`.
        public static func < (left: Level, right: Level) -> Bool { left.rawValue < right.rawValue }
    }

    /// How much is said.
    public let level: Level
    /// Whether messages have colours: on a terminal, unless NO_COLOR is set.
    public let colours: Bool

    /// - Parameters:
    ///   - level: how much is said.
    ///   - environment: the process's, for NO_COLOR.
    public init(level: Level, environment: [String: String]) {
        self.level = level
        self.colours = isatty(2) == 1 && (environment["NO_COLOR"] ?? "").isEmpty
    }

    /// Something that the user wants to know, unless `--quiet`.
    public func say(_ text: String) {
        if level >= .normal { Self.write(text + "\n", to: 2) }
    }

    /// Something that is not an error but may surprise; said even with `--quiet`.
    public func warn(_ text: String) {
        Self.write("\(paint("devbox: warning:", "33")) \(text)\n", to: 2)
    }

    /// Only with `--verbose`.
    public func detail(_ text: @autoclosure () -> String) {
        if level >= .verbose { Self.write(text() + "\n", to: 2) }
    }

    /// The one way in which an error reaches the user.
    public func report(_ error: any ReportableError) {
        Self.write("\(paint("devbox: error:", "31")) \(error.message)\n", to: 2)
        if let hint = error.hint { Self.write("\(paint("hint:", "36")) \(hint)\n", to: 2) }
    }

    /// Data, to stdout.
    public static func print(_ text: String) { write(text + "\n", to: 1) }

    /// Writes all of `text`; a closed pipe at the other end is not an error of ours.
    public static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = bytes.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count <= 0 {
                if descriptor == 1, errno != EPIPE { lost.store(errno, ordering: .relaxed) }
                return
            }
            bytes = bytes.dropFirst(count)
        }
    }

    /// What kept data from standard output: its errno(3); 0 for nothing.
    private static let lost = Atomic<Int32>(0)

    /// Throws where data could not be written to standard output: whoever reads half of it must know.
    public static func checkOutput() throws {
        let number = lost.load(ordering: .relaxed)
        if number != 0 { throw failure("write to standard output", Errno(rawValue: number)) }
    }

    private func paint(_ text: String, _ colour: String) -> String {
        colours ? "\u{1B}[\(colour)m\(text)\u{1B}[0m" : text
    }
}
