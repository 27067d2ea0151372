import CLinux
import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// A file system that fuse2fs serves to a sandbox of an ordinary user, who may not have the kernel mount it.
///
/// It keeps no journal: the superblock says from the mount on that the file system is not in order, and says the contrary when all
/// has been written. In between a killed devbox leaves what e2fsck has to put right, which `Ext4FileSystem.wasCutOff` tells.
final class FuseMount {
    private var child: ChildProcess
    private let file: FilePath
    private let place: FilePath
    private let isWritable: Bool
    /// Readable when it has died.
    var pidfd: FileDescriptor { child.pidfd }

    /// How long it may take to read the file system's groups.
    private static let patience = Duration.seconds(60)

    /// Mounts it; it is there when this returns.
    ///
    /// - Parameters:
    ///   - file: the disk's file.
    ///   - place: an empty folder.
    ///   - log: where fuse2fs writes what is wrong.
    init(_ file: FilePath, isWritable: Bool, at place: FilePath, log: FilePath) throws {
        (self.file, self.place, self.isWritable) = (file, place, isWritable)
        let output = try Files.open(log, .writeOnly, [.create, .append])
        defer { try? output.close() }
        let before = try Files.status(place).st_dev
        child = try ChildProcess(
            Fuse2fs.mount(file, isWritable: isWritable, at: place), output: .null,
            error: .descriptor(output), newSession: true)
        let deadline = ContinuousClock.now + Self.patience
        while try Files.status(place).st_dev == before {
            let ended = try child.wait(until: .now + .milliseconds(5), interruptible: false)
            guard ended == nil, .now < deadline else {
                let said = (try? Files.text(log, limit: 64 << 10)) ?? ""
                throw Failure(
                    .failure,
                    "fuse2fs did not mount the disk: \(said.split(separator: "\n").last.map(String.init) ?? ended.map { "\($0)" } ?? "it hangs")"
                )
            }
        }
        try posix("mount the disk for set-user-ID programs") { devbox_remount_suid(place.string) }
    }

    /// Unmounts it, and waits until it has written all that it holds.
    ///
    /// - Throws: `failure` where it did not.
    func close(patience: Duration = .seconds(30), limit: Duration = .seconds(600)) throws {
        umount2(place.string, Int32(MNT_DETACH) | Int32(UMOUNT_NOFOLLOW))
        let hint = "the next command that uses the guest checks its disk"
        if let waited = WritingProcess(pid: child.pid, pidfd: child.pidfd).isSilent(for: patience, limit: limit) {
            throw Failure(.failure, "fuse2fs did not write the disk within \(waited.inWords)", hint: hint)
        }
        let status = try child.wait(interruptible: false)
        guard status?.isSuccess == true, try !isWritable || isInOrder() else {
            throw Failure(
                .failure, "fuse2fs ended without having written the disk: \(status.map { "\($0)" } ?? "")", hint: hint)
        }
    }

    /// What the superblock on the disk says: bit 0 of s_state, 58 bytes from its start, which is 1024 bytes from the file system's.
    private func isInOrder() throws -> Bool {
        let disk = try Files.open(file, .readOnly)
        defer { try? disk.close() }
        var state: UInt8 = 0
        let count = try withUnsafeMutableBytes(of: &state) {
            try disk.read(fromAbsoluteOffset: 1024 + 58, into: $0)
        }
        return count == 1 && state & 1 == 1
    }
}
