import Glibc
import SystemPackage

extension Files {
    /// What a file, or a folder with all that is in it, takes on the disk in bytes. Links are not followed; what goes meanwhile, or
    /// may not be looked at, counts nothing.
    public static func sizeOnDisk(_ path: FilePath) -> Int64 {
        guard let status = try? status(path) else { return 0 }
        let own = Int64(status.st_blocks) * 512
        guard status.st_mode & S_IFMT == S_IFDIR else { return own }
        return ((try? list(path)) ?? []).reduce(own) { $0 + sizeOnDisk(path.appending($1)) }
    }

    /// How many bytes whoever is not root can still write on a path's file system; nil where that is not to be found out.
    public static func freeSpace(_ path: FilePath) -> Int64? { (try? space(path))?.free }

    /// What whoever is not root can still write on a path's file system, and how large that is, in bytes. See statvfs(3).
    public static func space(_ path: FilePath) throws -> (free: Int64, size: Int64) {
        var status = statvfs()
        try posix("look at the room in \(path)") { statvfs(path.string, &status) }
        func bytes(_ blocks: fsblkcnt_t) -> Int64 { Int64(clamping: UInt64(blocks) * UInt64(status.f_frsize)) }
        return (bytes(status.f_bavail), bytes(status.f_blocks))
    }

    /// Whether devbox writes a file under such a name, to rename it when it is whole; see `writeAtomically`.
    public static func isTemporary(_ name: String) -> Bool { name.hasPrefix(".") && name.hasSuffix(".tmp") }
}
