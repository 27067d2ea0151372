import CArchive
import CLZMA
import DevboxCore
import Glibc

/// Decodes one compressed stream with a filter of libarchive's. See archive_read_filter(3).
final class FilterDecoder: ChunkDecoder {
    private let archive: OpaquePointer
    private let feed: Feed
    private let size: Int64
    private let compression: Compression
    private let name: String
    private var begun = false
    private var checksum: UInt32 = 0
    private var decoded: UInt64 = 0

    /// What the callback reads from; libarchive holds an unretained pointer to it.
    private final class Feed {
        let source: ByteSource
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 256 << 10, alignment: 4096)
        var error: (any Error)?
        /// The last eight bytes that came: a gzip stream ends with its checksum and its length.
        var tail: [UInt8] = []

        init(_ source: @escaping ByteSource) { self.source = source }
        deinit { buffer.deallocate() }

        func read() -> Int {
            do {
                let count = try source(buffer)
                tail = Array((tail + buffer[..<count].suffix(8)).suffix(8))
                return count
            } catch {
                self.error = error
                return -1
            }
        }
    }

    init(_ source: @escaping ByteSource, size: Int64, compression: Compression, name: String) throws {
        guard let archive = archive_read_new() else { throw Failure(.failure, "out of memory") }
        self.archive = archive
        self.size = size
        self.compression = compression
        self.name = name
        feed = Feed(source)
        // Only this one filter, never all: some of libarchive's start programs of the host.
        _ =
            switch compression {
            case .gzip: archive_read_support_filter_gzip(archive)
            case .zstd: archive_read_support_filter_zstd(archive)
            case .bzip2: archive_read_support_filter_bzip2(archive)
            case .lz4: archive_read_support_filter_lz4(archive)
            case .none, .xz, .lzma: ARCHIVE_OK
            }
        archive_read_support_format_raw(archive)
    }

    deinit { archive_read_free(archive) }

    func next() throws -> UnsafeRawBufferPointer? {
        if !begun { try begin() }
        while true {
            var (chunk, count, offset) = (UnsafeRawPointer?.none, 0, Int64(0))
            let result = archive_read_data_block(archive, &chunk, &count, &offset)
            if result == ARCHIVE_EOF {
                try checkEnd()
                return nil
            }
            guard result == ARCHIVE_OK else { throw damaged() }
            guard count > 0, let chunk else { continue }
            if compression == .gzip {
                checksum = lzma_crc32(chunk.assumingMemoryBound(to: UInt8.self), count, checksum)
            }
            decoded += UInt64(count)
            return UnsafeRawBufferPointer(start: chunk, count: count)
        }
    }

    private func begin() throws {
        begun = true
        let context = Unmanaged.passUnretained(feed).toOpaque()
        let opened = archive_read_open(
            archive, context, nil,
            { _, context, buffer in
                guard let context, let buffer else { return -1 }
                let feed = Unmanaged<Feed>.fromOpaque(context).takeUnretainedValue()
                buffer.pointee = UnsafeRawPointer(feed.buffer.baseAddress)
                return feed.read()
            }, nil)
        guard opened == ARCHIVE_OK else { throw damaged() }
        var entry: OpaquePointer?
        let result = archive_read_next_header(archive, &entry)
        // What is not in the format at all is handed on as it is, as if by no filter.
        guard archive_filter_count(archive) == 2 else {
            if let error = feed.error { throw error }
            throw Failure(.badInput, "\(name) is damaged: it is not in \(compression) format")
        }
        guard result == ARCHIVE_OK else { throw damaged() }
    }

    private func checkEnd() throws {
        guard archive_filter_bytes(archive, -1) == size else {
            throw Failure(.badInput, "\(name) has something behind its end")
        }
        guard compression == .gzip else { return }
        // libarchive does not look at these (RFC 1952, 2.3.1).
        let number = feed.tail.reversed().reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        guard number == (decoded & 0xFFFF_FFFF) << 32 | UInt64(checksum) else {
            throw Failure(.badInput, "\(name) is damaged: its checksum is wrong")
        }
    }

    private func damaged() -> any Error {
        if let error = feed.error { return error }
        let reason = archive_error_string(archive).map { Names.printable(String(cString: $0)).lowercasedFirst }
        return Failure(.badInput, "\(name) is damaged: \(reason ?? "it cannot be decoded")")
    }
}
