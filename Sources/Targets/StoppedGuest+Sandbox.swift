import DevboxCore
import Glibc
import Guests
import Sandbox

extension StoppedGuest {
    /// Starts a command in a sandbox on the guest's disk.
    ///
    /// - Parameters:
    ///   - extras: what it is shown of the host at /run/devbox.
    ///   - isUnsynced: whether what it asks to be written to the disk may wait for its end.
    borrowing func sandbox(
        for command: TargetCommand, _ streams: CommandStreams, showing extras: [SandboxMount.Entry] = [],
        isUnsynced: Bool = false
    ) throws -> Sandbox {
        try mendIfCutOff()
        let terminal = command.wantsTerminal
        var plan = try record.sandbox(
            .command(
                SandboxCommand(
                    command.arguments, environment: command.environment, directory: command.directory,
                    terminal: terminal ? getenv("TERM").map { String(cString: $0) } : nil, isUnsynced: isUnsynced)),
            files, in: store.work)
        if !extras.isEmpty { plan.mounts.append(.extras(extras)) }
        return try Sandbox(
            plan, lock: lock.descriptor,
            streams: .attached(
                input: streams.input, output: streams.output, error: streams.error, terminal: terminal),
            console: runner.console)
    }
}
