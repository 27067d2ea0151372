import SystemPackage

/// qemu-storage-daemon(1): a qcow2 disk, or a partition of it, as a plain file through FUSE.
public enum StorageDaemon {
    /// qemu-storage-daemon(1), where the host has it.
    public static let program = Program(
        "qemu-storage-daemon", package: "qemu-system-common", for: "a stopped guest's disk on the host")

    /// Exports a disk. The program returns once the file is there; the daemon's process id is then in `pidFile`.
    ///
    /// All paths are absolute: the daemon changes to `/`, and a relative mount point would leave a dead mount behind.
    ///
    /// - Parameters:
    ///   - disk: the qcow2 file.
    ///   - partition: offset and size of the part to export; nil for the whole disk.
    ///   - isWritable: whether the file can be written to.
    ///   - file: an existing, empty file, over which the export is mounted.
    ///   - pidFile: where the daemon notes its process id, and removes it when it has written everything.
    public static func export(
        _ disk: FilePath, partition: (offset: Int64, size: Int64)?, isWritable: Bool = true, at file: FilePath,
        pidFile: FilePath
    ) -> Command {
        var arguments = [
            "--daemonize", "--pidfile", pidFile.string,
            "--blockdev", "driver=file,node-name=file,discard=unmap,filename=\(escape(disk))",
            "--blockdev", "driver=qcow2,node-name=disk,file=file,discard=unmap",
        ]
        if let partition {
            arguments += [
                "--blockdev",
                "driver=raw,node-name=part,file=disk,discard=unmap,offset=\(partition.offset),size=\(partition.size)",
            ]
        }
        arguments += [
            "--export",
            "type=fuse,id=export,writable=\(isWritable ? "on" : "off"),node-name=\(partition == nil ? "disk" : "part"),mountpoint=\(escape(file))",
        ]
        return Command(program, arguments)
    }

    /// A comma in an option's value is written twice.
    static func escape(_ path: FilePath) -> String {
        path.string.replacingScalar(",", with: ",,")
    }
}
