import Archives
import DevboxCore
import Disks
import Glibc
import SystemPackage

/// What a file that is to be imported is.
enum DiskContent {
    case disk(DiskFormat)
    /// A compressed file, and how.
    case packed(Compression)
    /// A tar, compressed or not.
    case archive

    /// Looks at a file; nothing that it refers to is opened.
    init(of path: FilePath) throws {
        let file = try Self.open(path)
        defer { try? file.close() }
        var begin = [UInt8](repeating: 0, count: 512)
        let count = try begin.withUnsafeMutableBytes { buffer in
            try posix("read \(path)") { pread(file.rawValue, buffer.baseAddress, buffer.count, 0) }
        }
        begin.removeLast(begin.count - count)
        if Self.isTar(begin) {
            self = .archive
        } else if let compression = Self.compression(begin) {
            self = Self.isTar(try Self.beginning(of: file, name: path.string)) ? .archive : .packed(compression)
        } else {
            self = .disk(try DiskFormat(of: file, size: Int64(try Files.status(path).st_size), name: path.string))
        }
    }

    /// Opens a plain file; nobody is waited for.
    static func open(_ path: FilePath) throws -> FileDescriptor {
        let file = try Files.open(path, .readOnly, .nonBlocking)
        var status = stat()
        guard fstat(file.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            try? file.close()
            throw Failure(.badInput, "\(path) is not a plain file")
        }
        return file
    }

    /// Those whose first bytes are none of a disk's.
    private static func compression(_ begin: [UInt8]) -> Compression? {
        guard let found = Compression(magic: begin), [.gzip, .xz, .zstd, .bzip2, .lz4].contains(found) else {
            return nil
        }
        return found
    }

    /// By its mark; tars of old times have none, but a sum of their first 512 bytes, its own place counted as blanks. See tar(5).
    private static func isTar(_ begin: [UInt8]) -> Bool {
        guard begin.count >= 512 else { return false }
        if begin[257...].starts(with: "ustar".utf8) { return true }
        let text = String(decoding: begin[148..<156], as: UTF8.self).filter { $0.isASCII && $0.isNumber }
        guard begin[0] != 0, let sum = Int(text, radix: 8) else { return false }
        return begin[..<512].enumerated().reduce(0) { $0 + ((148..<156).contains($1.offset) ? 32 : Int($1.element)) }
            == sum
    }

    private static func beginning(of file: FileDescriptor, name: String) throws -> [UInt8] {
        var begin: [UInt8] = []
        var reader = try CompressedReader(file, name: name)
        try reader.read { chunk in
            begin += chunk.prefix(512 - begin.count)
            return begin.count < 512
        }
        return begin
    }

    /// What messages call it where devbox would have to convert it; nil where it takes it as it is.
    var words: String? {
        switch self {
        case .disk(.foreign(let format)): format.words
        case .packed(let compression): "compressed (\(compression.rawValue))"
        case .archive: "a tar archive"
        case .disk: nil
        }
    }
}
