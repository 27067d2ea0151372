import SystemPackage

/// lxc-start(1) and its sisters.
public enum LXC {
    /// The program that starts a container.
    public static let start = Program("lxc-start", package: "lxc", for: "guests as containers")
    /// The program that runs one command in a container of its own.
    public static let execute = Program("lxc-execute", package: "lxc", for: "commands in stopped guests")
    /// The program that runs a command in a running container.
    public static let attach = Program("lxc-attach", package: "lxc", for: "commands in guests that run as containers")
    /// The program that connects to a container's console.
    public static let console = Program("lxc-console", package: "lxc", for: "the consoles of containers")

    /// Starts a container in the foreground; its configuration is `folder`/`name`/config.
    public static func start(_ name: String, in folder: FilePath, log: FilePath) -> Command {
        Command(start, ["-F", "-P", folder.string, "-n", name, "-o", log.string, "-l", "ERROR"])
    }

    /// Runs one command, with a small init above it, in a container that ends with it.
    public static func execute(
        _ arguments: [String], name: String, in folder: FilePath, config: FilePath, log: FilePath
    ) -> Command {
        Command(
            execute,
            ["-q", "-P", folder.string, "-n", name, "-f", config.string, "-o", log.string, "-l", "ERROR", "--"]
                + arguments)
    }

    /// Connects the terminal to a running container's console, which is what its getty is on; Ctrl-] q leaves.
    public static func connect(_ name: String, in folder: FilePath) -> Command {
        // lxc-console counts letters from a on: Ctrl-] is `^}` to it.
        Command(console, ["-P", folder.string, "-n", name, "-t", "0", "-e", "^}"])
    }

    /// Runs a command in a running container.
    ///
    /// - Parameter staysInCgroup: whether it stays in the cgroup that it is started from, which is not the container's.
    public static func attach(
        _ arguments: [String], name: String, in folder: FilePath, variables: [String: String],
        staysInCgroup: Bool = false
    ) -> Command {
        let set = variables.sorted { $0.key < $1.key }.flatMap { ["-v", "\($0.key)=\($0.value)"] }
        return Command(
            attach,
            ["-P", folder.string, "-n", name, "--clear-env"]
                + (staysInCgroup ? ["--elevated-privileges=CGROUP"] : []) + set + ["--"] + arguments)
    }
}
