import SystemPackage

/// mke2fs(8).
public enum Mke2fs {
    /// mke2fs(8), where the host has it.
    public static let program = Program("mke2fs", package: "e2fsprogs", for: "the file systems of images")

    /// What Debian 12 makes ext4 file systems with, which older releases know as well; see ext4(5).
    ///
    /// The host's mke2fs.conf(5) would decide otherwise. From 1.47 on e2fsprogs turns on orphan_file and metadata_csum_seed, which the
    /// e2fsck of older releases calls FEATURE_C12, and refuses. "^orphan_file" is refused by what does not know it: so all are named.
    private static let features = [
        "none", "sparse_super", "large_file", "filetype", "resize_inode", "dir_index", "ext_attr", "has_journal",
        "extent", "huge_file", "flex_bg", "metadata_csum", "64bit", "dir_nlink", "extra_isize",
    ].joined(separator: ",")

    /// Makes an empty ext4 file system that is the same byte for byte each time, and on each host.
    ///
    /// - Parameters:
    ///   - file: an existing file of the size wanted.
    ///   - uuid: the file system's, and the seed of its directories' hashes.
    ///   - epoch: the time that it says it was made at.
    public static func ext4(_ file: FilePath, label: String, uuid: String, epoch: Int) -> Command {
        Command(
            program,
            [
                "-q", "-F", "-t", "ext4", "-L", label, "-U", uuid, "-e", "remount-ro", "-O", features, "-b", "4096",
                "-I", "256", "-i", "16384",
                // Lazily made inode tables would be written by each guest's kernel, into each guest's layer.
                "-E", "hash_seed=\(uuid),lazy_itable_init=0,lazy_journal_init=0,root_owner=0:0,nodiscard", file.string,
            ], environment: ["E2FSPROGS_FAKE_TIME": String(epoch)])
    }
}
