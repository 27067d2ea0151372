import DevboxCore
import Guests

/// What a command runs in: a guest, running or stopped. Nothing above knows how it is reached.
public protocol Target: AnyObject {
    /// What it is called.
    var name: String { get }
    /// Of its programs.
    var architecture: Architecture { get }
    /// Whether its commands run on a kernel of its own; if not, it is the host's.
    var hasOwnKernel: Bool { get }

    /// Runs a command as root, in root's home where it says nothing else.
    ///
    /// What it changed is kept, whatever its status. When it does not end in time, or is interrupted, it is ended with all that it started.
    ///
    /// - Returns: its own status, and what was captured of its output.
    /// - Throws: `GuestError.panicked`, `GuestError.timedOut`; what a stream's closure threw; else a failure of the environment.
    func run(_ command: TargetCommand) throws -> CommandResult

    /// Restarts it, and returns when it answers.
    ///
    /// - Parameter limit: how long it may take to shut down before it is forced off.
    /// - Throws: `usage` for one that does not run.
    func reboot(within limit: Duration) throws

    /// What its console has printed since it was last started, as it came.
    func console() throws -> String

    /// Begins to listen to what happens to its kernel.
    func kernelEvents() throws -> KernelEvents
}

extension Target {
    /// Runs a command and gives back what it printed.
    ///
    /// - Parameters:
    ///   - arguments: the command and its arguments.
    ///   - input: what it reads.
    ///   - limit: how long it may take.
    ///   - outputLimit: how many bytes it may print.
    /// - Returns: its status with standard output and standard error.
    public func ask(
        _ arguments: [String], input: [UInt8] = [], limit: Duration, outputLimit: Int = 64 << 20
    ) throws -> CommandResult {
        var command = TargetCommand(arguments, limit: limit)
        if !input.isEmpty { command.input = .bytes(input) }
        command.output = .captured(limit: outputLimit)
        command.error = .captured(limit: 1 << 20)
        return try run(command)
    }
}
