import CExt2FS
import DevboxCore
import Disks

/// The files of a stopped guest, through its file system.
enum DiskFiles {
    /// Files by their paths. A link in the last component is not followed.
    static func read(_ paths: [String], of root: borrowing Ext4FileSystem) throws -> [String: GuestFile] {
        var found: [String: GuestFile] = [:]
        for path in paths { found[path] = try read(path, of: root) }
        return found
    }

    private static func read(_ path: String, of root: borrowing Ext4FileSystem) throws -> GuestFile {
        guard let (folder, name) = try place(path, root), let number = try root.lookUp(name, in: folder) else {
            return .absent
        }
        let attributes = try root.attributes(of: number)
        if attributes.isLink { return .link(try root.target(ofLink: number)) }
        guard attributes.isRegular else { return .other }
        if KdumpPaths.isOpaque(path) {
            var hasher = SHA256Digest.Hasher()
            try root.stream(number) { part in part.withUnsafeBytes { hasher.update($0) } }
            return .opaque(hasher.digest)
        }
        return .file(try root.contents(of: number, limit: 4 << 20), permissions: attributes.mode & 0o7777)
    }

    /// The guest's makedumpfile.
    static func makedumpfile(of root: borrowing Ext4FileSystem) throws -> Makedumpfile {
        guard let file = try root.find(KdumpPaths.makedumpfile), try root.attributes(of: file).isRegular else {
            return Makedumpfile(version: nil)
        }
        return Makedumpfile(program: try root.beginning(of: file, count: Makedumpfile.mostBytes))
    }

    /// Brings files to what they are to be.
    static func apply(_ edits: [(path: String, file: GuestFile)], to root: borrowing Ext4FileSystem) throws {
        for (path, file) in edits {
            switch file {
            case .file(let bytes, let permissions):
                try root.makeDirectories(parent(path))
                try root.put(bytes, at: path, as: NewFile(permissions: permissions))
            case .link(let target):
                try root.makeDirectories(parent(path))
                guard let (folder, name) = try place(path, root) else { continue }
                try root.remove(name, in: folder)
                try root.makeLink(name, to: target, in: folder, as: NewFile(permissions: 0o777))
            case .absent:
                guard let (folder, name) = try place(path, root) else { continue }
                try root.remove(name, in: folder)
            case .opaque, .other: break
            }
        }
    }

    private static func place(_ path: String, _ root: borrowing Ext4FileSystem) throws -> (InodeNumber, String)? {
        guard let name = path.split(separator: "/").last, let folder = try root.find(parent(path)),
            try root.attributes(of: folder).isDirectory
        else { return nil }
        return (folder, String(name))
    }

    private static func parent(_ path: String) -> String {
        "/" + path.split(separator: "/").dropLast().joined(separator: "/")
    }
}
