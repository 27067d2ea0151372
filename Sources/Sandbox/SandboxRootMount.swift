import CLinux
import DevboxCore
import Disks
import HostTools
import SystemPackage
import Templates

/// The root of a sandbox, brought to where its container finds it.
public struct SandboxRootMount {
    /// Where the container finds it.
    let path: FilePath
    /// What is mounted in it: where, as an absolute path in the container, and where that is on the host.
    let parts: [(path: String, source: FilePath)]
    private let export: DiskExport?
    /// What an ordinary user's container has mounted.
    private let fuse: FuseMount?
    private let commits: DiskCommits?
    /// Which stretch of the disk's file is mounted where; the root first.
    private let mounts: [(extent: DiskExtent?, place: FilePath)]
    private let isWritable: Bool
    private let folder: PrivateFolder

    /// Makes a disk a file, or shows a folder; `around` mounts it.
    ///
    /// - Throws: `missing`, `needsRoot` where a disk cannot be opened on this host.
    init(_ plan: SandboxPlan, in folder: PrivateFolder, runner: Runner) throws {
        self.folder = folder
        isWritable = plan.isWritable
        try Files.makeDirectory(folder.root)
        switch plan.root {
        case .disk(let disk, let partition, let parts):
            // Several partitions are stretches of one file: two nodes of a storage daemon would not share the disk.
            export = try DiskExport(
                FilePath(disk), partition: parts.isEmpty ? partition : nil, isWritable: isWritable, in: folder,
                runner: runner)
            path = folder.root
            // Not in the root itself: a link there would lead on the host. LXC mounts them on, and follows none.
            self.parts = parts.enumerated().map { ($1.path, folder.path.appending("parts").appending("\($0)")) }
            for part in self.parts { try Files.makeDirectory(part.source) }
            mounts =
                [(parts.isEmpty ? nil : partition, folder.root)]
                + zip(parts, self.parts).map { ($0.partition, $1.source) }
            guard plan.isUsers else {
                (fuse, commits) = (nil, nil)
                break
            }
            fuse = try FuseMount(
                folder.disk, isWritable: isWritable, at: path, log: folder.path.appending("fuse2fs.log"))
            commits = try DiskCommits(path, on: folder.disk)
        case .folder(let source):
            export = nil
            (parts, mounts, fuse, commits) = ([], [], nil, nil)
            path = folder.root
            try folder.show(FilePath(source), at: "root", isWritable: isWritable)
        }
    }

    /// A command of the host's with the root mounted around it. A disk's is mounted in a further namespace, which goes with the command.
    ///
    /// The process that serves the disk's file is not in that namespace. Were it the last one to die there, the kernel would unmount
    /// ext4 through a server that is gone, and both would hang for good. Buffered, never direct-io: over a FUSE export of QEMU 7.2
    /// that corrupts data.
    func around(_ command: Command, templates: Templates) throws -> Command {
        if export == nil || fuse != nil { return command }
        let mounts = self.mounts.flatMap { extent, place in
            let options =
                ["loop"] + (extent.map { ["offset=\($0.offset)", "sizelimit=\($0.size)"] } ?? [])
                + (isWritable ? [] : ["ro"])
            return [options.joined(separator: ","), folder.disk.string, place.string]
        }
        let words = try templates.shell("sandbox/mount.sh", mounts + ["--", command.program.name] + command.arguments)
        return Unshare.withMounts(words, environment: command.environment)
    }

    /// What serves the disk, by its name for messages, and what is readable when that has died; nothing where nothing has to.
    public var lifelines: [(program: String, FileDescriptor)] {
        (export.map { [("the storage daemon", $0.pidfd)] } ?? []) + (fuse.map { [("fuse2fs", $0.pidfd)] } ?? [])
    }

    /// Writes what is still held. Nothing may be mounted any more, but what is mounted by fuse2fs: that is unmounted first. Where it cannot
    /// write, the storage daemon is not ended before it.
    ///
    /// - Throws: `failure` where the disk does not become whole.
    public func close() throws {
        commits?.close()
        try fuse?.close()
        try export?.close()
    }
}
