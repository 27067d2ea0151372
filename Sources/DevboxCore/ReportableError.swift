/// An error that the user reads: the only kind that leaves a command, where it becomes the exit code and lines on standard error.
///
/// A module has a type of its own where somebody decides by its cases; what only ends a command is a `Failure`.
public protocol ReportableError: Error, CustomStringConvertible {
    /// The status that devbox ends with.
    var exitCode: ExitCode { get }
    /// What was attempted, on what, and why it failed. It begins with a small letter and ends without a full stop. Where there are
    /// several reasons, each has a line.
    var message: String { get }
    /// What to do next, where there is something: a line behind "hint: ".
    var hint: String? { get }
}

extension ReportableError {
    /// The message with the hint in parentheses: for logs and tests. The user reads them apart.
    public var description: String { hint.map { "\(message) (\($0))" } ?? message }
}
