/// systemd-run(1).
public enum SystemdRun {
    /// systemd-run(1), where the host has it.
    public static let program = Program(
        "systemd-run", package: "systemd", for: "a cgroup of their own for containers without root")

    /// Runs a program in a scope of the user's own systemd, whose cgroup is the program's to make others in. It becomes the program:
    /// process id, descriptors and streams stay.
    ///
    /// - Parameters:
    ///   - command: the program.
    ///   - inherited: devbox's own environment, in which stands how the user's systemd is reached.
    public static func scope(_ command: Command, inherited: [String: String] = Command.inheritedEnvironment) -> Command
    {
        let bus = inherited.filter { ["XDG_RUNTIME_DIR", "DBUS_SESSION_BUS_ADDRESS"].contains($0.key) }
        return Command(
            program,
            ["--user", "--scope", "--quiet", "--collect", "--property=Delegate=yes", "--", command.program.name]
                + command.arguments, environment: command.environment.merging(bus) { own, _ in own })
    }
}
