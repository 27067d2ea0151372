import CLinux
import DevboxCore
import Disks
import Glibc
import HostTools
import SystemPackage

/// The file system on a disk as a plain file, served by a storage daemon in this sandbox.
struct DiskExport {
    /// The daemon's process id.
    private let pid: pid_t
    /// Readable once the daemon has ended.
    let pidfd: FileDescriptor
    /// Lies there as long as the daemon runs.
    private let pidFile: FilePath

    /// A daemon that runs already.
    init(pid: pid_t, pidFile: FilePath) throws {
        (self.pid, self.pidFile) = (pid, pidFile)
        pidfd = FileDescriptor(rawValue: try posix("watch the storage daemon") { devbox_pidfd_open(pid) })
    }

    /// Starts the daemon; the file is there when this returns.
    init(_ disk: FilePath, partition: DiskExtent?, isWritable: Bool, in folder: PrivateFolder, runner: Runner) throws {
        guard access("/dev/fuse", R_OK | W_OK) == 0 else {
            throw Failure(
                isRoot ? .missing : .needsRoot,
                "the disk \(disk) cannot be opened on the host: /dev/fuse is missing, or not open to this user",
                hint: isRoot ? "`devbox doctor` shows what is missing" : "run the command with sudo")
        }
        try Files.writeAtomically([], to: folder.disk)
        let pidFile = folder.path.appending("storage.pid")
        try runner.run(
            StorageDaemon.export(
                disk, partition: partition.map { ($0.offset, $0.size) }, isWritable: isWritable, at: folder.disk,
                pidFile: pidFile))
        guard let pid = try pid_t(Files.text(pidFile, limit: 64).filter(\.isNumber)) else {
            throw Failure(.failure, "the storage daemon left no process id")
        }
        try self.init(pid: pid, pidFile: pidFile)
    }

    /// Ends the daemon, which writes all that it still holds. Nothing may be mounted from it any more.
    ///
    /// - Parameters:
    ///   - patience: how long it may seem to do nothing.
    ///   - limit: how long it may write. A slow disk that others write to as well takes minutes for some gigabytes; what was given up
    ///     then would be undone, though the command had ended well.
    /// - Throws: `failure` where it does not end, or ends without having written.
    func close(patience: Duration = .seconds(30), limit: Duration = .seconds(600)) throws {
        kill(pid, SIGTERM)
        if let waited = WritingProcess(pid: pid, pidfd: pidfd).isSilent(for: patience, limit: limit) {
            throw Failure(
                .failure, "the storage daemon did not write the disk within \(waited.inWords)",
                hint: "the host's disk is very slow, or does not answer: `dmesg` may say more")
        }
        // It removes its file as the last thing it does; a crashed one leaves it.
        guard !Files.exists(pidFile) else {
            throw Failure(.failure, "the storage daemon ended without writing the disk")
        }
    }
}
