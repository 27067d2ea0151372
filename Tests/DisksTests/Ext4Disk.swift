import DevboxCore
@testable import Disks
import SystemPackage
import TestSupport

/// A raw ext4 disk that mke2fs filled, with the means to look at it through the real e2fsprogs.
final class Ext4Disk {
    let scratch: ScratchDirectory
    let path: FilePath

    /// - Parameters:
    ///   - size: as mke2fs takes it.
    ///   - options: further options of mke2fs.
    ///   - fill: puts files into the folder that the file system is filled with.
    init(_ size: String = "24M", _ options: [String] = [], fill: (ScratchDirectory) throws -> Void = { _ in }) throws {
        let scratch = try ScratchDirectory()
        let content = try ScratchDirectory()
        for folder in ["etc", "root"] { try Files.makeDirectory(content(folder)) }
        try fill(content)
        self.scratch = scratch
        path = scratch("disk.raw")
        try runner.run(
            .init(
                .init("mke2fs", package: "e2fsprogs", for: "tests"),
                ["-q", "-F", "-t", "ext4", "-L", "root", "-E", "root_owner=0:0", "-d", content.path.string] + options
                    + [path.string, size]))
    }

    /// Edits it and closes the file system.
    func edit(_ body: (borrowing Ext4FileSystem) throws -> Void) throws {
        let root = try Ext4FileSystem(
            on: FileDevice(path, writable: true), disk: "test", writable: true, now: 1_795_262_400)
        try body(root)
        try root.close()
    }

    /// Looks into it, read-only.
    func look<Result>(_ body: (borrowing Ext4FileSystem) throws -> Result) throws -> Result {
        try body(Ext4FileSystem(on: FileDevice(path), disk: "test"))
    }

    /// A file's content as devbox reads it.
    func text(_ file: String) throws -> String? { try look { try $0.text(file) } }

    /// Throws unless e2fsck finds nothing at all.
    func check() throws { try tool("e2fsck", "-fn", path.string) }

    /// What debugfs answers.
    func debugfs(_ request: String, write: Bool = false) throws -> String {
        write ? try tool("debugfs", "-w", "-R", request, path.string) : try tool("debugfs", "-R", request, path.string)
    }
}

extension Ext4FileSystem {
    /// A directory that must be there.
    func folder(_ path: String) throws -> InodeNumber {
        guard let found = try find(path) else { throw DiskError.noSuchFile(disk: "test", path: path) }
        return found
    }

    /// Where the link of a name points to.
    func target(_ name: String, in directory: InodeNumber) throws -> String? {
        try lookUp(name, in: directory).map { try target(ofLink: $0) }
    }
}
