import Archives
import CExt2FS
import DevboxCore
import Disks
import Glibc
import SystemPackage

/// Fills an empty ext4 file system from a tar stream: no mount, no root, no unpacked copy on the way.
public enum RootFileSystemWriter {
    /// Writes every member of the tar.
    ///
    /// - Parameters:
    ///   - tar: the stream.
    ///   - root: the file system to fill.
    /// - Throws: `badInput` for a member that leaves the root or comes before what it hangs on.
    public static func fill(_ root: borrowing Ext4FileSystem, from tar: FileDescriptor) throws {
        var reader = try ArchiveReader(tar, name: "the root file system's tar")
        var writer = Writer()
        while let member = try reader.next() {
            guard let parts = member.components else { throw Writer.bad(member.path, "leaves the root") }
            let new = NewFile(
                permissions: member.permissions, uid: member.uid, gid: member.gid,
                modified: UInt32(clamping: member.modified))
            guard let name = parts.last else {
                try root.apply(new, to: .root)
                continue
            }
            let directory = try writer.directory(parts.dropLast(), of: member.path)
            let key = parts.joined(separator: "/")
            switch member.kind {
            case .directory:
                writer.directories[key] = try root.makeDirectory(name, in: directory, as: new)
            case .file:
                writer.files[key] = try root.makeFile(name, in: directory, as: new) { write in
                    try reader.content(to: write)
                }
            case .hardLink(let target):
                let wanted = target.split(separator: "/").filter { $0 != "." }.joined(separator: "/")
                guard let number = writer.files[wanted] else { throw Writer.bad(member.path, "is a link to nothing") }
                try root.makeHardLink(name, to: number, in: directory)
                writer.files[key] = number
            case .link(let target): try root.makeLink(name, to: target, in: directory, as: new)
            case .characterDevice(let major, let minor):
                try root.makeNode(name, type: LINUX_S_IFCHR, major: major, minor: minor, in: directory, as: new)
            case .blockDevice(let major, let minor):
                try root.makeNode(name, type: LINUX_S_IFBLK, major: major, minor: minor, in: directory, as: new)
            case .fifo: try root.makeNode(name, type: LINUX_S_IFIFO, in: directory, as: new)
            case .socket: try root.makeNode(name, type: LINUX_S_IFSOCK, in: directory, as: new)
            }
            if !member.attributes.isEmpty, let number = writer.files[key] ?? writer.directories[key] {
                for (name, value) in member.attributes.sorted(by: { $0.key < $1.key }) {
                    try root.setAttribute(name, value, of: number)
                }
                try root.apply(new, to: number)
            }
        }
    }

    /// What was made so far, by path.
    private struct Writer {
        var directories: [String: InodeNumber] = ["": .root]
        var files: [String: InodeNumber] = [:]

        func directory(_ parts: ArraySlice<String>, of path: String) throws -> InodeNumber {
            guard let found = directories[parts.joined(separator: "/")] else {
                throw Self.bad(path, "comes before its folder")
            }
            return found
        }

        static func bad(_ path: String, _ what: String) -> Failure {
            Failure(.badInput, "the root file system's tar has a member \(Names.printable(path)) that \(what)")
        }
    }
}
