import Archives
import DevboxCore
import Glibc
import Stores
import SystemPackage

/// A decoded package that is being written. Until `finish` it has no name in the cache; dropped, it leaves nothing.
public struct DecodedCacheWriter: ~Copyable {
    private let cache: Cache
    private let digest: SHA256Digest
    private let folder: UnfinishedFolder
    private let file: FileDescriptor
    /// The file as it grows: a package of which dpkg can read all but data.tar.
    public let path: FilePath
    /// Where in it data.tar begins, in bytes.
    public var dataOffset: Int64 { headerOffset + 60 }
    private let expected: Int64?
    private let headerOffset: Int64
    private var size: Int64
    private var error: (any Error)?

    init(_ decoded: DecodedCache, _ package: DebPackage, _ digest: SHA256Digest) throws {
        let cache = decoded.cache
        let folder = try cache.begin(digest.description)
        let path = folder.path.appending("package.deb")
        let file = try Files.open(
            path, .writeOnly, [.create, .exclusiveCreate], permissions: FilePermissions(rawValue: 0o644))
        do {
            // Whatever the umask is: a guest's dpkg may be the one that reads it.
            try posix("change the mode of \(path)") { fchmod(file.rawValue, 0o644) }
            try cache.work.give(path)
            headerOffset = try Self.writeFront(of: package, to: file, name: path.string)
        } catch {
            try? file.close()
            throw error
        }
        self.cache = cache
        self.digest = digest
        self.folder = folder
        self.path = path
        self.file = file
        expected = package.decodedDataSize
        size = 0
        error = nil
    }

    /// Writes what comes before the data, and room for the header of that; returns where that is.
    private static func writeFront(of package: DebPackage, to file: FileDescriptor, name: String) throws -> Int64 {
        var bytes = Array("!<arch>\n".utf8)
        for member in [package.layout.version, package.layout.control] {
            // Control members are small: the largest of Debian have a megabyte.
            guard member.size <= 64 << 20 else {
                throw Failure(.badInput, "\(package.file.name) has a control member of \(member.size) bytes")
            }
            bytes += header(member.name, member.size)
            bytes += try package.file.stretch(member).bytes(at: 0, count: Int(member.size))
            if member.size % 2 != 0 { bytes.append(UInt8(ascii: "\n")) }
        }
        let offset = Int64(bytes.count)
        // Until its size is known, it is no header.
        bytes += [UInt8](repeating: UInt8(ascii: " "), count: 60)
        try Files.writeAll(file, bytes, name: name)
        return offset
    }

    deinit { try? file.close() }

    /// Takes the next chunk of data.tar. What goes wrong is kept for `finish`: a full disk is no reason not to install a package.
    public mutating func append(_ chunk: UnsafeRawBufferPointer) {
        if error != nil { return }
        do {
            var done = 0
            while done < chunk.count {
                done += try posix("write \(path)") {
                    write(file.rawValue, chunk.baseAddress?.advanced(by: done), chunk.count - done)
                }
            }
            size += Int64(chunk.count)
        } catch {
            self.error = error
        }
    }

    /// Makes it visible, and removes what is too much in the cache. To be called when the package has been checked to its end.
    ///
    /// It is not synced: that would take longer than decoding it again. A file system that comes back after a power cut with a part of
    /// it has one that is too short, which `lookUp` sees.
    ///
    /// - Throws: what went wrong while it was written; `failure` where it is not as long as it should be.
    @discardableResult
    public consuming func finish() throws -> DebPackage {
        if let error { throw error }
        if let expected, size != expected {
            throw Failure(.failure, "cannot keep the decoded \(path): it has \(size) bytes in place of \(expected)")
        }
        guard size <= 9_999_999_999 else { throw Failure(.failure, "\(path) is larger than an ar archive can be") }
        if size % 2 != 0 { try Files.writeAll(file, [UInt8(ascii: "\n")], name: path.string) }
        let header = Self.header("data.tar", size)
        let written = try header.withUnsafeBytes { bytes in
            try posix("write \(path)") { pwrite(file.rawValue, bytes.baseAddress, bytes.count, Int(headerOffset)) }
        }
        guard written == header.count else { throw Failure(.failure, "cannot write \(path)") }
        // Read before it is visible; the name is the only thing that changes.
        let package = try DebPackage(path)
        let name = DecodedCache.name(digest)
        try cache.take(path, as: name)
        return try DebPackage(DebFile(package.file, renamed: cache.path(name)))
    }

    private static func header(_ name: String, _ size: Int64) -> [UInt8] {
        func field(_ text: String, _ width: Int) -> String {
            text + String(repeating: " ", count: max(0, width - text.utf8.count))
        }
        return Array(
            (field(name, 16) + field("0", 12) + field("0", 6) + field("0", 6) + field("100644", 8)
                + field("\(size)", 10) + "`\n").utf8)
    }
}
