import CExt2FS

/// An inode's number, and which of the file systems that are seen as one it belongs to.
public struct InodeNumber: Sendable, Hashable, Comparable, ExpressibleByIntegerLiteral, CustomStringConvertible {
    /// The place of its file system: 0 for the one that the others are mounted in.
    let part: Int
    let number: ext2_ino_t

    /// The root directory.
    public static let root = InodeNumber(EXT2_ROOT_INO)

    /// An inode of the file system that the others are mounted in.
    public init(_ number: some BinaryInteger) { self.init(ext2_ino_t(number), part: 0) }

    /// The same.
    public init(integerLiteral number: UInt32) { self.init(number, part: 0) }

    init(_ number: ext2_ino_t, part: Int) { (self.number, self.part) = (number, part) }

    /// By their numbers, one file system behind the other.
    public static func < (left: InodeNumber, right: InodeNumber) -> Bool {
        (left.part, left.number) < (right.part, right.number)
    }

    /// The number.
    public var description: String { "\(number)" }
}

/// File systems of other partitions, seen at the places where the system mounts them: /boot, say.
extension Ext4FileSystem {
    private static var mostLinks: Int { 40 }
    private static var mostNames: Int { 4096 }

    /// Shows the ext4 file system on a device in place of a directory's content.
    ///
    /// - Parameters:
    ///   - device: what holds it, from its first byte on.
    ///   - path: the directory, which may lie in one that was mounted before.
    ///   - writable: whether it will be edited; as this one.
    /// - Returns: false where there is no such directory: nothing is mounted then.
    /// - Throws: as `init` does.
    public mutating func mount(_ device: any BlockDevice, at path: String, writable: Bool = false, now: Int? = nil)
        throws -> Bool
    {
        guard let place = try find(path), place != .root, try attributes(of: place).isDirectory else { return false }
        volumes.append(try Ext4Volume(on: device, disk: disk, writable: writable, now: now))
        mountPoints[place] = volumes.count - 1
        return true
    }

    func handle(of number: InodeNumber) -> ext2_filsys { volumes[number.part].handle }

    /// What is seen in place of an inode: the root of what is mounted on it.
    func shown(_ number: ext2_ino_t, in part: Int) -> InodeNumber {
        let inode = InodeNumber(number, part: part)
        return mountPoints[inode].map { InodeNumber(ext2_ino_t(EXT2_ROOT_INO), part: $0) } ?? inode
    }

    /// The inode that a path leads to across what is mounted, links followed; nil where there is none. See path_resolution(7).
    func walk(_ path: String) throws -> InodeNumber? {
        var above = [InodeNumber.root]
        var left = path.split(separator: "/").reversed().map(String.init)
        var links = 0
        while let name = left.popLast() {
            guard let here = above.last, try attributes(of: here).isDirectory else { return nil }
            if name == "." { continue }
            if name == ".." {
                if above.count > 1 { above.removeLast() }
                continue
            }
            guard let found = try lookUp(name, in: here) else { return nil }
            guard try attributes(of: found).isLink else {
                above.append(found)
                continue
            }
            let target = try target(ofLink: found)
            links += 1
            if target.hasPrefix("/") { above = [.root] }
            left += target.split(separator: "/").reversed().map(String.init)
            guard links <= Self.mostLinks, left.count <= Self.mostNames else { return nil }
        }
        return above.last
    }

    /// Whether a path is a directory's, and no part of it is a link: a container's mounts follow none.
    public func isDirectory(withoutLinks path: String) throws -> Bool {
        var here = InodeNumber.root
        for name in path.split(separator: "/") {
            guard try attributes(of: here).isDirectory, let next = try lookUp(String(name), in: here) else {
                return false
            }
            here = next
        }
        return try attributes(of: here).isDirectory
    }

    /// What a path leads to, or the nearest directory above it that is there.
    func nearest(_ path: String) throws -> InodeNumber {
        var parts = path.split(separator: "/")
        while !parts.isEmpty {
            if let found = try find("/" + parts.joined(separator: "/")) { return found }
            parts.removeLast()
        }
        return .root
    }
}
