/// An error that nobody decides by: it ends a command with a code and a text. `failure(_:_:)` makes one of an errno.
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

    /// Any error as one of no module in particular.
    public init(_ error: any Error) {
        if let failure = error as? Failure {
            self = failure
        } else if let error = error as? any ReportableError {
            self.init(error.exitCode, error.message, hint: error.hint)
        } else {
            self.init(.failure, "\(error)")
        }
    }

    /// Ctrl-C or SIGTERM ended what was being done.
    public static let interrupted = Failure(.interrupted, "interrupted")
}
