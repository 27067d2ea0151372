import Glibc

/// nsenter(1) of util-linux: a program in the namespaces of another.
public enum Nsenter {
    /// nsenter(1), where the host has it.
    public static let program = Program(
        "nsenter", package: "util-linux", for: "commands in guests that run as containers without root")

    /// A program in the user namespace of a process, as root in it.
    public static func user(of process: pid_t, _ command: Command) -> Command {
        Command(
            program, ["--user", "--target", "\(process)", "--", command.program.name] + command.arguments,
            environment: command.environment)
    }
}
