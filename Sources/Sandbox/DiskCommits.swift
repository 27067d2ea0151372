import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// Writes out, every few seconds, what a file system by fuse2fs and the storage daemon below it hold, as the kernel does with ext4's journal:
/// whoever is killed loses no more than what was written since.
///
/// fuse2fs does not pass fsync(2) on to the disk's file, and of a qcow2 disk what was written to new clusters counts only from the next on.
final class DiskCommits {
    private let thread: WorkThread<Void>
    private let end: Pipe

    /// As ext4's `commit`; see ext4(5).
    private static let interval = Duration.seconds(5)

    /// Begins with it.
    ///
    /// - Parameters:
    ///   - root: where the file system is mounted.
    ///   - disk: the file that it is in.
    init(_ root: FilePath, on disk: FilePath) throws {
        end = try Pipe()
        let ended = end.readEnd
        thread = try WorkThread {
            while !Poll.wait([.read(ended)], until: .now + Self.interval)[0] {
                for path in [root, disk] {
                    // What cannot be written now is tried again; that all was written is checked when it is unmounted.
                    guard let file = try? Files.open(path, .readOnly) else { continue }
                    fsync(file.rawValue)
                    try? file.close()
                }
            }
        }
    }

    /// Ends it. The file system can be unmounted then.
    func close() {
        end.closeWriteEnd()
        _ = thread.wait()
    }
}
