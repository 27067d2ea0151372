import SystemPackage

/// mke2fs(8).
public enum Mke2fs {
    /// mke2fs(8), where the host has it.
    public static let program = Program("mke2fs", package: "e2fsprogs", for: "the file systems of images")

    /// Makes an empty ext4 file system that is the same byte for byte each time.
    ///
    /// - Parameters:
    ///   - file: an existing file of the size wanted.
    ///   - uuid: the file system's, and the seed of its directories' hashes.
    ///   - epoch: the time that it says it was made at.
    public static func ext4(_ file: FilePath, label: String, uuid: String, epoch: Int) -> Command {
        Command(
            program,
            [
                "-q", "-F", "-t", "ext4", "-L", label, "-U", uuid, "-e", "remount-ro",
                // Lazily made inode tables would be written by each guest's kernel, into each guest's layer.
                "-E", "hash_seed=\(uuid),lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0,nodiscard", file.string,
            ], environment: ["E2FSPROGS_FAKE_TIME": String(epoch)])
    }
}
