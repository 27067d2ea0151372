/// The end of a command that runs, for what is done while it does.
public struct CommandEnd: Sendable {
    /// Readable once the command has ended.
    public let descriptor: Int32
    /// When it is ended; nil for never.
    public let deadline: ContinuousClock.Instant?
}

/// What ended a command in a stopped guest. What it changed is kept in each case.
enum CommandEnding: Equatable { case status(Int32), timedOut, interrupted }
