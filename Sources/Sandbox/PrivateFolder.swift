import CLinux
import DevboxCore
import Glibc
import SystemPackage

/// The folder in which an enclosed devbox keeps sockets and mounts: a tmpfs that only the sandbox sees.
///
/// It lies outside of the work directory because that is closed to everyone but its owner, and what runs in the sandbox is
/// somebody else.
public struct PrivateFolder {
    /// Where it is mounted.
    public let path: FilePath
    /// The disk's file system as one plain file.
    var disk: FilePath { path.appending("disk.raw") }
    /// Where that is mounted.
    var root: FilePath { path.appending("root") }
    /// Where LXC keeps its container. An ordinary user's lxc-attach has to find it outside of the sandbox too.
    let lxc: FilePath

    /// Mounts it. For root's sandboxes it is at the same place on every host.
    init(for plan: SandboxPlan) throws {
        // A user is root in the namespace of a container, but only there.
        let isUsers = !isRoot || plan.isUsers
        path = isUsers ? Self.ownUsers(FilePath(plan.folder)) : "/run/devbox"
        lxc = plan.isUsers ? FilePath(plan.folder).appending("lxc") : path.appending("lxc")
        try Files.makeDirectory(path)
        try posix("mount a tmpfs at \(path)") { devbox_mount_tmpfs(path.string, isUsers ? "mode=0700" : "mode=0711") }
    }

    private static func ownUsers(_ folder: FilePath) -> FilePath { folder.appending("private") }

    /// Takes an ordinary user's away from a folder, which cannot be removed while something is mounted in it.
    ///
    /// - Parameter folder: the plan's.
    public static func leave(_ folder: FilePath) {
        umount2(ownUsers(folder).string, Int32(MNT_DETACH) | Int32(UMOUNT_NOFOLLOW))
    }

    /// Puts together what a sandbox sees at a place of its own.
    ///
    /// - Returns: the folder to be mounted there.
    public func assemble(_ mount: SandboxMount, owner: Owner) throws -> FilePath {
        let folder = path.appending("mounts").pushing(FilePath(String(mount.path.drop { $0 == "/" })))
        try Files.makeDirectory(folder)
        var idMap = FileDescriptor(rawValue: -1)
        if mount.isOwners, owner.uid != 0 {
            let first = Owner.firstSubordinate
            idMap = FileDescriptor(
                rawValue: try posix("map the owner's ids") { devbox_open_id_map(owner.uid, first, owner.gid, first) })
        }
        defer { if idMap.rawValue >= 0 { try? idMap.close() } }
        for entry in mount.entries {
            let target = folder.pushing(FilePath(entry.name))
            try makePlace(for: FilePath(entry.source), at: target)
            try posix("show \(entry.source) to the sandbox") {
                devbox_mount_bind_mapped(entry.source, target.string, entry.isWritable ? 0 : 1, idMap.rawValue)
            }
        }
        try posix("close \(folder)") { devbox_remount_readonly_after_bind(folder.string) }
        return folder
    }

    /// Shows a file or folder of the host, as it is, at a path below this one.
    public func show(_ source: FilePath, at relative: String, isWritable: Bool) throws {
        let target = path.pushing(FilePath(relative))
        try makePlace(for: source, at: target)
        try posix("bind \(source)") { devbox_mount_bind(source.string, target.string, isWritable ? 0 : 1) }
    }

    private func makePlace(for source: FilePath, at target: FilePath) throws {
        if try Files.isFolder(source) { return try Files.makeDirectory(target) }
        try Files.makeDirectory(target.removingLastComponent())
        try Files.writeAtomically([], to: target)
    }
}
