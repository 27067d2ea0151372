import SystemPackage

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
    /// - Parameters:
    ///   - offset: where the file system begins in the file, in bytes; nil for the file's beginning.
    ///   - size: how long it is, in bytes; nil for all that follows.
    ///   - isWritable: whether it is mounted for writing.
    public static func inNamespace(
        _ file: FilePath, at mountPoint: FilePath, offset: Int64? = nil, size: Int64? = nil, isWritable: Bool = true,
        run command: Command
    ) -> Command {
        let options =
            ["loop"] + (offset.map { ["offset=\($0)"] } ?? []) + (size.map { ["sizelimit=\($0)"] } ?? [])
            + (isWritable ? [] : ["ro"])
        // A constant text; what varies are its arguments.
        let steps = "mount -o \"$1\" \"$2\" \"$3\" || exit 125; shift 3; exec \"$@\""
        return Command(
            Unshare.program,
            [
                "--mount", "--propagation", "private", "--", "sh", "-c", steps, "sh", options.joined(separator: ","),
                file.string, mountPoint.string, command.program.name,
            ]
                + command.arguments,
            environment: command.environment)
    }
}
