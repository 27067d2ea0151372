/// An error that the user reads. Each module has a type of its own that conforms to it.
public protocol ReportableError: Error, CustomStringConvertible {
    /// The status that devbox ends with.
    var exitCode: ExitCode { get }
    /// What was attempted, on what, and why it failed: one line without a trailing full stop.
    var message: String { get }
    /// What to do next, where there is something.
    var hint: String? { get }
}

extension ReportableError {
    /// The message and the hint, as a log would show them.
    public var description: String { hint.map { "\(message) (\($0))" } ?? message }
}

/// An error of no module in particular: the host's file system, mostly.
public struct Failure: ReportableError {
    /// The status that devbox ends with.
    public let exitCode: ExitCode
    /// What was attempted, on what, and why it failed.
    public let message: String
    /// What to do next.
    public let hint: String?

    /// - Parameters:
    ///   - exitCode: the status to end with.
    ///   - message: what was attempted, on what, and why it failed.
    ///   - hint: what to do next.
    public init(_ exitCode: ExitCode, _ message: String, hint: String? = nil) {
        self.exitCode = exitCode
        self.message = message
        self.hint = hint
    }

    /// Ctrl-C or SIGTERM ended what was being done.
    public static let interrupted = Failure(.interrupted, "interrupted")
}
