import DevboxCore

/// e2fsck(8).
public enum E2fsck {
    /// e2fsck(8), where the host has it.
    public static let program = Program(
        "e2fsck", package: "e2fsprogs", for: "journals of guests that were killed, and imported disks")
}

/// tar(1).
public enum Tar {
    /// tar(1), where the host has it.
    public static let program = Program("tar", package: "tar", for: "copies into guests")
}

/// xz(1).
public enum XZ {
    /// xz(1), where the host has it.
    public static let program = Program("xz", package: "xz-utils", for: "test packages as tar.xz")
}

/// timeout(1).
public enum Timeout {
    /// timeout(1), where the host has it.
    public static let program = Program("timeout", package: "coreutils", for: "a trial of KVM that ends by itself")

    /// A command that ends by itself after a time, even if nobody is left to end it. SIGTERM ends it before, in a
    /// second at most.
    public static func run(_ command: Command, limit: Duration) -> Command {
        Command(
            program, ["--kill-after=1", "\(limit.components.seconds)", command.program.name] + command.arguments,
            environment: command.environment)
    }
}
