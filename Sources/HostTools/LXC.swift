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
    public static func attach(_ arguments: [String], name: String, in folder: FilePath, variables: [String: String])
        -> Command
    {
        let set = variables.sorted { $0.key < $1.key }.flatMap { ["-v", "\($0.key)=\($0.value)"] }
        return Command(attach, ["-P", folder.string, "-n", name, "--clear-env"] + set + ["--"] + arguments)
    }
}

/// mount(8), for what mount(2) alone does not do.
public enum Mount {
    /// mount(8), where the host has it.
    public static let program = Program("mount", package: "mount", for: "guests' file systems in private namespaces")

    /// A program in a further mount namespace, in which a file's ext4 file system is mounted through a loop device.
    ///
    /// The process that serves the file must not be in that namespace. Were it the last one to die there, the kernel would
    /// unmount ext4 through a server that is gone, and both would hang for good. Buffered, never direct-io: over a FUSE export
    /// of QEMU 7.2 that corrupts data.
    ///
    /// - Parameter isWritable: whether it is mounted for writing.
    public static func inNamespace(
        _ file: FilePath, at mountPoint: FilePath, isWritable: Bool = true, run command: Command
    ) -> Command {
        // A constant text; what varies are its arguments.
        let steps = "mount -o \"$1\" \"$2\" \"$3\" || exit 125; shift 3; exec \"$@\""
        return Command(
            Unshare.program,
            [
                "--mount", "--propagation", "private", "--", "sh", "-c", steps, "sh", isWritable ? "loop" : "loop,ro",
                file.string, mountPoint.string, command.program.name,
            ]
                + command.arguments,
            environment: command.environment)
    }
}
