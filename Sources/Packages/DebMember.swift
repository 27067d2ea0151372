import Archives
import DevboxCore
import Glibc
import SystemPackage

/// A member of the ar archive that a .deb is. See deb(5).
public struct DebMember: Sendable, Equatable {
    /// Its name, without the slash that may end it: "data.tar.xz".
    public let name: String
    /// Where its content begins in the file, in bytes.
    public let offset: Int64
    /// How long its content is in the file, in bytes.
    public let size: Int64
    /// How its content is compressed.
    public let compression: Compression
}

/// An open .deb, kept open as long as something reads from it: what is read is what was checked, whatever happens to the name.
final class DebFile: Sendable {
    let descriptor: FileDescriptor
    let path: FilePath
    let size: Int64

    /// The same file under the name that it has been given since.
    init(_ other: DebFile, renamed path: FilePath) throws {
        do {
            descriptor = try other.descriptor.duplicate()
        } catch let error as Errno {
            throw failure("open \(path)", error)
        }
        self.path = path
        size = other.size
    }

    init(_ path: FilePath) throws {
        // Without waiting for whoever opens the other end, should it be a fifo.
        let descriptor = try Files.open(path, .readOnly, .nonBlocking)
        self.descriptor = descriptor
        self.path = path
        var status = stat()
        try posix("look at \(path)") { fstat(descriptor.rawValue, &status) }
        size = Int64(status.st_size)
        guard status.st_mode & S_IFMT == S_IFREG else {
            throw Failure(.badInput, "\(Names.printable(path.string)) is not a regular file")
        }
    }

    deinit { try? descriptor.close() }

    /// What messages call it.
    var name: String { Names.printable(path.string) }

    func stretch(_ member: DebMember) -> FileStretch {
        FileStretch(descriptor, name: name, offset: member.offset, size: member.size)
    }

    var whole: FileStretch { FileStretch(descriptor, name: name, offset: 0, size: size) }
}
