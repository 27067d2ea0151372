import CArchive
import DevboxCore
import Glibc
import SystemPackage

/// A compressed text as it comes: xz, gzip, zstd, lz4 or bzip2, or none of them. See archive_read_filter(3).
public struct CompressedReader: ~Copyable {
    private let archive: OpaquePointer
    private let name: String
    /// Whether there is nothing in it: libarchive knows no such text, and ends at once.
    private let isEmpty: Bool

    /// Begins to read from an open file or pipe.
    ///
    /// - Parameters:
    ///   - descriptor: where it comes from; it stays the caller's.
    ///   - name: what messages call it.
    /// - Throws: `badInput`, where the compression cannot be read.
    public init(_ descriptor: FileDescriptor, name: String) throws {
        guard let archive = archive_read_new() else { throw Failure(.failure, "out of memory") }
        ArchiveFilters.enable(archive)
        archive_read_support_format_raw(archive)
        archive_read_support_format_empty(archive)
        var entry: OpaquePointer?
        let isOpen = archive_read_open_fd(archive, descriptor.rawValue, 256 << 10) == ARCHIVE_OK
        let result = isOpen ? archive_read_next_header(archive, &entry) : ARCHIVE_FATAL
        guard [ARCHIVE_OK, ARCHIVE_EOF].contains(result) else {
            let failure = Self.damaged(archive, name)
            archive_read_free(archive)
            throw failure
        }
        self.archive = archive
        self.name = name
        isEmpty = result == ARCHIVE_EOF
    }

    deinit { archive_read_free(archive) }

    /// Hands on the content chunk by chunk, up to its end.
    ///
    /// - Parameter body: gets the next bytes, which are valid during the call; false ends the reading.
    public mutating func read(_ body: (UnsafeRawBufferPointer) throws -> Bool) throws {
        while !isEmpty {
            var bytes: UnsafeRawPointer?
            var count = 0
            var offset: la_int64_t = 0
            let result = archive_read_data_block(archive, &bytes, &count, &offset)
            if result == ARCHIVE_EOF { return }
            guard result == ARCHIVE_OK else { throw Self.damaged(archive, name) }
            guard try body(UnsafeRawBufferPointer(start: bytes, count: count)) else { return }
        }
    }

    private static func damaged(_ archive: OpaquePointer, _ name: String) -> Failure {
        let reason = archive_error_string(archive).map { Names.printable(String(cString: $0)).lowercasedFirst }
        return Failure(.badInput, "\(name) is damaged: \(reason ?? "it cannot be unpacked")")
    }
}
