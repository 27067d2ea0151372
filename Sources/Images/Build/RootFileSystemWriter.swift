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
    /// - Throws: `badInput` for a member that leaves the root, is a link to what does not come before it, or is below what is no folder.
    public static func fill(
        _ root: borrowing Ext4FileSystem, from tar: FileDescriptor, folder: String? = nil,
        name: String = "the root file system's tar", step: () throws -> Void = {}
    ) throws {
        var reader = try ArchiveReader(tar, name: name)
        var writer = Writer(tar: name)
        while let member = try reader.next() {
            try step()
            guard let names = member.components else { throw writer.bad(member.path, "leaves the root") }
            if let folder, names.first != folder { continue }
            let parts = folder == nil ? names : Array(names.dropFirst())
            let new = NewFile(
                permissions: member.permissions, uid: member.uid, gid: member.gid,
                modified: UInt32(clamping: member.modified))
            guard !parts.isEmpty else {
                try root.apply(new, to: .root)
                continue
            }
            let place = try writer.place(of: parts, named: member.path, in: root)
            let (name, directory, key) = (place.name, place.directory, place.key)
            if case .directory = member.kind {
                if let there = try writer.linkedDirectory(at: place, named: member.path, in: root) {
                    try root.apply(new, to: there)
                    continue
                }
            } else if writer.directories[key] != nil {
                throw writer.bad(member.path, "is a folder already")
            }
            if case .hardLink(let target) = member.kind {
                let source = try writer.source(of: target, below: folder, in: root)
                guard let source, let number = writer.files[source] else {
                    throw writer.bad(member.path, "is a link to nothing")
                }
                if source == key { continue }
                try writer.clear(place, in: root)
                try root.makeHardLink(name, to: number, in: directory)
                writer.files[key] = number
                continue
            }
            // Of a name that is there twice the last one counts, as with tar(1): one whose names are appended to has both.
            try writer.clear(place, in: root)
            switch member.kind {
            case .directory: writer.directories[key] = try root.makeDirectory(name, in: directory, as: new)
            case .file:
                writer.files[key] = try root.makeFile(name, in: directory, as: new) { write in
                    try reader.content { chunk in
                        try step()
                        try write(chunk)
                    }
                }
            case .hardLink: break
            case .link(let target):
                try root.makeLink(name, to: target, in: directory, as: new)
                writer.links[key] = target
            case .characterDevice(let major, let minor):
                try root.makeNode(name, type: LINUX_S_IFCHR, major: major, minor: minor, in: directory, as: new)
            case .blockDevice(let major, let minor):
                try root.makeNode(name, type: LINUX_S_IFBLK, major: major, minor: minor, in: directory, as: new)
            case .fifo: try root.makeNode(name, type: LINUX_S_IFIFO, in: directory, as: new)
            case .socket: try root.makeNode(name, type: LINUX_S_IFSOCK, in: directory, as: new)
            }
            writer.made.insert(key)
            if !member.attributes.isEmpty, let number = writer.files[key] ?? writer.directories[key] {
                for (name, value) in member.attributes.sorted(by: { $0.key < $1.key }) {
                    try root.setAttribute(name, value, of: number)
                }
                try root.apply(new, to: number)
            }
        }
    }
}

/// What was made so far, by path. No path here leads through a link.
private struct Writer {
    let tar: String
    var directories: [String: InodeNumber] = ["": .root]
    var files: [String: InodeNumber] = [:]
    /// Where symbolic links lead.
    var links: [String: String] = [:]
    /// All of it, directories that no member named excepted.
    var made: Set<String> = []

    private static let mostLinks = 40
    private static let mostNames = 4096

    init(tar: String) { self.tar = tar }

    /// Where a member is.
    struct Place {
        let name: String
        let directory: InodeNumber
        /// Its path, with no link in it.
        let key: String
    }

    /// The place of a member. Folders that the tar has not named yet are made as tar(1) makes them.
    mutating func place(of parts: [String], named path: String, in root: borrowing Ext4FileSystem) throws -> Place {
        let above = try folder(parts.dropLast(), named: path, making: root)
        let key = above.isEmpty ? parts[parts.count - 1] : "\(above)/\(parts[parts.count - 1])"
        return Place(name: parts[parts.count - 1], directory: directories[above] ?? .root, key: key)
    }

    /// The folder that a link at a place leads to: it stays, where a folder is to be made in its place, as a system has it whose /lib
    /// is a link to usr/lib. nil where there is no link.
    mutating func linkedDirectory(at place: Place, named path: String, in root: borrowing Ext4FileSystem) throws
        -> InodeNumber?
    {
        guard links[place.key] != nil else { return nil }
        let parts = place.key.split(separator: "/").map(String.init)
        return directories[try folder(parts[...], named: path, making: root)]
    }

    /// The path of the file that a hard link is to; nil for none.
    mutating func source(of target: String, below folder: String?, in root: borrowing Ext4FileSystem) throws -> String?
    {
        var parts = target.split(separator: "/").map(String.init).filter { $0 != "." }
        if let folder, parts.first == folder { parts.removeFirst() }
        guard !parts.isEmpty, !parts.contains("..") else { return nil }
        let plain = parts.joined(separator: "/")
        if files[plain] != nil { return plain }
        return try place(of: parts, named: target, in: root).key
    }

    /// Removes what is at a place and is no folder.
    mutating func clear(_ place: Place, in root: borrowing Ext4FileSystem) throws {
        guard directories[place.key] == nil, made.remove(place.key) != nil else { return }
        try root.remove(place.name, in: place.directory)
        files[place.key] = nil
        links[place.key] = nil
    }

    /// The path of a folder, links on the way followed inside of the root, as the system would.
    private mutating func folder(
        _ parts: ArraySlice<String>, named path: String, making root: borrowing Ext4FileSystem
    ) throws -> String {
        let plain = parts.joined(separator: "/")
        if directories[plain] != nil { return plain }
        var at: [String] = []
        var left = Array(parts.reversed())
        var followed = 0
        while let name = left.popLast() {
            if name == "." { continue }
            if name == ".." {
                _ = at.popLast()
                continue
            }
            let key = (at + [name]).joined(separator: "/")
            if let target = links[key] {
                followed += 1
                if target.hasPrefix("/") { at = [] }
                left += target.split(separator: "/").reversed().map(String.init)
                guard followed <= Self.mostLinks, left.count <= Self.mostNames else {
                    throw bad(path, "lies behind links that lead nowhere")
                }
                continue
            }
            if directories[key] == nil {
                if made.contains(key) { throw bad(path, "lies below what is no folder") }
                directories[key] = try root.makeDirectory(
                    name, in: directories[at.joined(separator: "/")] ?? .root, as: NewFile(permissions: 0o755))
            }
            at.append(name)
        }
        return at.joined(separator: "/")
    }

    func bad(_ path: String, _ what: String) -> Failure {
        Failure(.badInput, "\(tar) has a member \(Names.printable(path)) that \(what)")
    }
}
