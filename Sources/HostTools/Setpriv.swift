import DevboxCore

/// setpriv(1): a program as another user, with no capability and no way to get one.
public enum Setpriv {
    /// setpriv(1), where the host has it.
    public static let program = Program(
        "setpriv", package: "util-linux", for: "running QEMU and apt-get as an ordinary user")

    /// Runs `command` as `owner`.
    ///
    /// - Parameter group: a supplementary group, that of /dev/kvm.
    public static func run(_ command: Command, as owner: Owner, group: UInt32?) -> Command {
        Command(
            program,
            [
                "--reuid=\(owner.uid)", "--regid=\(owner.gid)", group.map { "--groups=\($0)" } ?? "--clear-groups",
                "--inh-caps=-all", "--bounding-set=-all", "--no-new-privs", "--", command.program.name,
            ] + command.arguments, environment: command.environment)
    }

    /// Runs `command` as the same user, without the capabilities that a sandbox gave its processes.
    public static func withoutCapabilities(_ command: Command) -> Command {
        // Ambient ones go with the inheritable ones; see capabilities(7).
        Command(
            program, ["--inh-caps=-all", "--no-new-privs", "--", command.program.name] + command.arguments,
            environment: command.environment)
    }
}
