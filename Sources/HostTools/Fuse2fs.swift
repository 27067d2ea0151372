import SystemPackage

/// fuse2fs(1): an ext4 file system in a file, mounted without the kernel's driver.
public enum Fuse2fs {
    /// fuse2fs(1), where the host has it.
    public static let program = Program(
        "fuse2fs", package: "fuse2fs", for: "guests as containers without root")

    /// Mounts it, in the foreground: the program ends when it is mounted no more, and has written everything then.
    ///
    /// The kernel checks permissions as it does on any disk, for whoever is in the user namespace of the mount or below it;
    /// fuse2fs itself, which sees only the ids that they have there, checks none (`fakeroot`).
    ///
    /// - Parameters:
    ///   - file: the file that it is in.
    ///   - isWritable: whether it can be written to.
    ///   - place: the folder over which it is mounted.
    public static func mount(_ file: FilePath, isWritable: Bool, at place: FilePath) -> Command {
        let options = ["fakeroot", "allow_other", "default_permissions"] + (isWritable ? [] : ["ro"])
        return Command(program, ["-f", "-o", options.joined(separator: ","), file.string, place.string])
    }
}
