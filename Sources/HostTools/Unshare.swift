import DevboxCore
import SystemPackage

/// unshare(1) of util-linux: a program in namespaces of its own.
public enum Unshare {
    /// unshare(1), where the host has it.
    public static let program = Program(
        "unshare", package: "util-linux", for: "mounts and processes that end with devbox")

    /// A program as PID 1 of new PID and mount namespaces. When it ends, or the unshare above it, all in them is killed by the
    /// kernel and every mount in them goes.
    ///
    /// - Parameters:
    ///   - command: the program.
    ///   - asUser: whether a user namespace is made first, in which an ordinary user may do this. The user keeps their
    ///     own id in it, so that files are made as theirs; without `--keep-caps` a program of any user but root would
    ///     start without the capability to mount.
    public static func enclose(_ command: Command, asUser: Bool) -> Command {
        var result = Command(
            program,
            (asUser ? ["--user", "--map-current-user", "--keep-caps"] : [])
                + [
                    "--mount", "--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc", "--propagation", "private",
                    "--",
                ],
            environment: command.environment)
        result.arguments += [command.program.name] + command.arguments
        return result
    }

    /// The same for an ordinary user's container: root in there is the user, every other id one of those that /etc/subuid and
    /// /etc/subgid give the user, and the cgroup that the user is in is the topmost one.
    public static func encloseContainer(_ command: Command) -> Command {
        var result = enclose(command, asUser: false)
        result.arguments = mappedIDs + ["--cgroup"] + result.arguments
        return result
    }

    /// A program in a user namespace with all ids that this user may have; it prints how they are mapped.
    public static let mappedIDsTrial = Command(
        program, mappedIDs + ["--", "cat", "/proc/self/uid_map", "/proc/self/gid_map"])

    /// Made by newuidmap(1) and newgidmap(1). From util-linux 2.38 on.
    private static let mappedIDs = ["--user", "--map-root-user", "--map-auto"]

    /// A program in a further mount namespace: what is mounted there goes with it.
    public static func withMounts(_ words: [String], environment: [String: String] = [:]) -> Command {
        Command(program, ["--mount", "--propagation", "private", "--"] + words, environment: environment)
    }

    /// A program that is killed, with all that it started, when the unshare above it ends. An ordinary user cannot have that
    /// for a program that makes a user namespace itself; it is run as it is then.
    public static func dying(_ command: Command) -> Command {
        guard isRoot else { return command }
        return Command(
            program,
            ["--pid", "--fork", "--kill-child=SIGKILL", "--mount-proc", "--", command.program.name] + command.arguments,
            environment: command.environment)
    }
}
