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
    ///   - folder: the one of the tar's folders that the root is in; what is beside it is left out. nil where the root is the whole.
    ///   - name: what messages call the tar.
    ///   - step: called again and again; what it throws ends the filling.
    /// - Throws: `badInput` for a member that leaves the root or is a link to what does not come before it.
    public static func fill(
        _ root: borrowing Ext4FileSystem, from tar: FileDescriptor, folder: String? = nil,
        name: String = "the root file system's tar", step: () throws -> Void = {}
    ) throws {
        var reader = try ArchiveReader(tar, name: name)
        var writer = Writer(tar: name)
        while let member = try reader.next() {
            try step()
            guard let place = member.components else { throw writer.bad(member.path, "leaves the root") }
            if let folder, place.first != folder { continue }
            let parts = folder == nil ? place : Array(place.dropFirst())
            let new = NewFile(
                permissions: member.permissions, uid: member.uid, gid: member.gid,
                modified: UInt32(clamping: member.modified))
            guard let name = parts.last else {
                try root.apply(new, to: .root)
                continue
            }
            let directory = try writer.directory(parts.dropLast(), in: root)
            let key = parts.joined(separator: "/")
            switch member.kind {
            case .directory:
                writer.directories[key] = try root.makeDirectory(name, in: directory, as: new)
            case .file:
                writer.files[key] = try root.makeFile(name, in: directory, as: new) { write in
                    try reader.content { chunk in
                        try step()
                        try write(chunk)
                    }
                }
            case .hardLink(let target):
                var names = target.split(separator: "/").filter { $0 != "." }[...]
                if let folder, names.first.map(String.init) == folder { names = names.dropFirst() }
                let wanted = names.joined(separator: "/")
                guard let number = writer.files[wanted] else { throw writer.bad(member.path, "is a link to nothing") }
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
        let tar: String
        var directories: [String: InodeNumber] = ["": .root]
        var files: [String: InodeNumber] = [:]

        /// A folder; one that the tar has not named yet is made as tar(1) makes it.
        mutating func directory(_ parts: ArraySlice<String>, in root: borrowing Ext4FileSystem) throws -> InodeNumber {
            let key = parts.joined(separator: "/")
            if let found = directories[key] { return found }
            guard let name = parts.last else { return .root }
            let made = try root.makeDirectory(
                name, in: directory(parts.dropLast(), in: root), as: NewFile(permissions: 0o755))
            directories[key] = made
            return made
        }

        func bad(_ path: String, _ what: String) -> Failure {
            Failure(.badInput, "\(tar) has a member \(Names.printable(path)) that \(what)")
        }
    }
}
