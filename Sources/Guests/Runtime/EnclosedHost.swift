import CLinux
import DevboxCore
import Disks
import Glibc
import HostTools
import Images
import SystemPackage

/// The folder in which an enclosed devbox keeps sockets and mounts: a tmpfs that only the enclosure sees.
///
/// It lies outside of the work directory because that is closed to everyone but its owner, and what runs in the enclosure is
/// somebody else.
struct PrivateFolder {
    /// Where it is mounted.
    let path: FilePath
    /// The files of the work directory as an unprivileged QEMU finds them, laid out as there.
    var work: FilePath { path.appending("work") }
    /// What the guest sees at /work.
    var share: FilePath { path.appending("share") }
    /// The disk's file system as one plain file.
    var disk: FilePath { path.appending("disk.raw") }
    /// Where that is mounted.
    var root: FilePath { path.appending("root") }
    /// Where LXC keeps its container.
    var lxc: FilePath { path.appending("lxc") }

    /// What a container sees of the host at /run/devbox.
    var extras: FilePath { path.appending("extras") }

    /// Mounts it. For root's enclosures it is at the same place on every host.
    init(for files: GuestFiles) throws {
        path = isRoot ? "/run/devbox" : files.run.appending("private")
        try Files.makeDirectory(path)
        try posix("mount a tmpfs at \(path)") { devbox_mount_tmpfs(path.string, isRoot ? "mode=0711" : "mode=0700") }
    }

    /// Takes an ordinary user's away from the guest's folder, which cannot be removed while something is mounted in it.
    static func leave(_ files: GuestFiles) {
        if !isRoot { umount2(files.run.appending("private").string, Int32(MNT_DETACH)) }
    }

    /// Puts together what the guest sees at /work: some folders read-only, some writable, and nothing else of the host.
    ///
    /// - Parameter forContainer: whether the guest's root is the first subordinate id. It is then shown the owner's files
    ///   as its own, and what it makes there belongs to the owner; no other user of the container can make anything.
    func assembleShare(of directory: WorkDirectory, forContainer: Bool) throws {
        try Files.makeDirectory(share)
        let owner = directory.owner
        var idMap = FileDescriptor(rawValue: -1)
        if forContainer, owner.uid != 0 {
            let first = Owner.firstSubordinate
            idMap = FileDescriptor(
                rawValue: try posix("map the owner's ids") { devbox_open_id_map(owner.uid, first, owner.gid, first) })
        }
        defer { if idMap.rawValue >= 0 { try? idMap.close() } }
        for folder in try Files.list(directory.share) {
            let source = directory.share.appending(folder)
            guard try Files.status(source).st_mode & S_IFMT == S_IFDIR else { continue }
            let target = share.appending(folder)
            try Files.makeDirectory(target)
            let readOnly: Int32 = WorkDirectory.writableShares.contains(folder) ? 0 : 1
            try posix("show \(source) to the guest") {
                devbox_mount_bind_mapped(source.string, target.string, readOnly, idMap.rawValue)
            }
        }
        try posix("close \(share)") { devbox_remount_readonly_after_bind(share.string) }
    }

    /// Puts together what a container sees at /run/devbox, read-only.
    func assemble(_ list: [ContainerExtra]) throws {
        try Files.makeDirectory(extras)
        for extra in list {
            let source = FilePath(extra.source)
            let target = extras.pushing(FilePath(extra.target))
            let isFolder = try Files.status(source).st_mode & S_IFMT == S_IFDIR
            if isFolder {
                try Files.makeDirectory(target)
            } else {
                try Files.makeDirectory(target.removingLastComponent())
                try Files.writeAtomically([], to: target)
            }
            try posix("show \(source) to the container") { devbox_mount_bind(source.string, target.string, 1) }
        }
    }

    /// Shows the folders of the work directory that a virtual machine's disk is made of.
    func bindDisks(of directory: WorkDirectory, files: GuestFiles) throws {
        for (source, readOnly) in [(directory.images, true), (directory.layers, true), (files.path, false)] {
            let relative = source.string.dropFirst(directory.path.string.count + 1)
            let target = work.pushing(FilePath(String(relative)))
            try Files.makeDirectory(target)
            try posix("bind \(source)") { devbox_mount_bind(source.string, target.string, readOnly ? 1 : 0) }
        }
    }
}

/// The disk of a guest as a plain file, served by a storage daemon in this enclosure.
struct DiskExport {
    /// The daemon's process id.
    let pid: pid_t
    /// Readable once the daemon has ended.
    let pidfd: FileDescriptor
    private let pidFile: FilePath

    /// Starts the daemon; the file is there when this returns.
    init(_ disk: FilePath, partition: DiskExtent?, in folder: PrivateFolder, runner: Runner) throws {
        guard access("/dev/fuse", R_OK | W_OK) == 0 else {
            throw Failure(
                isRoot ? .missing : .needsRoot,
                "the disk \(disk) cannot be opened on the host: /dev/fuse is missing, or not open to this user",
                hint: isRoot ? "`devbox doctor` shows what is missing" : "run the command with sudo")
        }
        try Files.writeAtomically([], to: folder.disk)
        pidFile = folder.path.appending("storage.pid")
        try runner.run(
            StorageDaemon.export(
                disk, partition: partition.map { ($0.offset, $0.size) }, at: folder.disk, pidFile: pidFile))
        guard let pid = try pid_t(Files.text(pidFile, limit: 64).filter(\.isNumber)) else {
            throw Failure(.failure, "the storage daemon left no process id")
        }
        self.pid = pid
        pidfd = FileDescriptor(rawValue: try posix("watch the storage daemon") { devbox_pidfd_open(pid) })
    }

    /// Ends the daemon, which writes all that it still holds. Nothing may be mounted from it any more.
    func close() throws {
        kill(pid, SIGTERM)
        var polled = pollfd(fd: pidfd.rawValue, events: Int16(POLLIN), revents: 0)
        guard poll(&polled, 1, 30_000) > 0 else { throw Failure(.failure, "the storage daemon did not end") }
        // It removes its file as the last thing it does; a crashed one leaves it.
        guard !Files.exists(pidFile) else {
            throw Failure(.failure, "the storage daemon ended without writing the disk")
        }
    }
}
