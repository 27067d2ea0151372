/// A partition that a system mounts in its root file system.
public struct DiskPart: Sendable, Codable, Equatable {
    /// The directory, an absolute path.
    public var path: String
    /// Where its ext4 file system is on the disk.
    public var partition: DiskExtent

    /// - Parameters:
    ///   - path: the directory, an absolute path.
    ///   - partition: where its ext4 file system is on the disk.
    public init(_ path: String, _ partition: DiskExtent) { (self.path, self.partition) = (path, partition) }

    /// Whether a directory's name can be handed on to programs of the host: it is made of letters, digits and a few signs, and leads
    /// nowhere else. A disk may call its directories anything.
    public static func isPlain(_ path: String) -> Bool {
        let names = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        return path.hasPrefix("/") && path.utf8.count < 1024
            && names.allSatisfy { name in
                !name.isEmpty && name != "." && name != ".."
                    && name.utf8.allSatisfy { byte in
                        switch byte {
                        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                            UInt8(ascii: "0")...UInt8(ascii: "9"):
                            true
                        default: "-_.".utf8.contains(byte)
                        }
                    }
            }
    }
}
