import CLinux
import DevboxCore
import HostTools
import SystemPackage
import Templates

/// The root of a sandbox, brought to where its container finds it.
public struct SandboxRootMount {
    /// Where the container finds it.
    let path: FilePath
    private let export: DiskExport?
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
        case .disk(let disk, let partition):
            export = try DiskExport(
                FilePath(disk), partition: partition, isWritable: isWritable, in: folder, runner: runner)
            path = folder.root
        case .folder(let source):
            export = nil
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
        if export == nil { return command }
        let mount = [isWritable ? "loop" : "loop,ro", folder.disk.string, folder.root.string]
        let words = try templates.shell("sandbox/mount.sh", mount + [command.program.name] + command.arguments)
        return Unshare.withMounts(words, environment: command.environment)
    }

    /// Readable when what serves the disk has died; nil where nothing has to.
    public var lifeline: FileDescriptor? { export?.pidfd }

    /// Writes what is still held. Nothing may be mounted any more.
    ///
    /// - Throws: `failure` where the disk does not become whole.
    public func close() throws { try export?.close() }
}
