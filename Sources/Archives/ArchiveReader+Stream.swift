import CArchive
import DevboxCore
import Glibc

extension ArchiveReader {
    /// Begins to read an uncompressed tar from a stream that is decoded meanwhile.
    ///
    /// - Parameters:
    ///   - stream: the tar.
    ///   - name: what messages call it.
    ///   - limit: how many bytes may come at most, in bytes; more are `badInput`.
    ///   - sink: gets every chunk of the stream before it is looked at.
    public init(
        tar stream: consuming DecodedStream, name: String, limit: Int64 = .max,
        sink: @escaping (UnsafeRawBufferPointer) throws -> Void = { _ in }
    ) throws {
        ArchiveNames.areUTF8()
        guard let archive = archive_read_new() else { throw Failure(.failure, "out of memory") }
        let feed = StreamFeed(stream, name: name, limit: limit, sink: sink)
        archive_read_support_format_tar(archive)
        let opened = archive_read_open(
            archive, Unmanaged.passUnretained(feed).toOpaque(), nil,
            { _, context, buffer in
                guard let context, let buffer else { return -1 }
                return Unmanaged<StreamFeed>.fromOpaque(context).takeUnretainedValue().read(buffer)
            }, nil)
        guard opened == ARCHIVE_OK else {
            let reason = Self.reason(archive)
            archive_read_free(archive)
            throw feed.error ?? Failure(.badInput, "\(name) cannot be read: \(reason)")
        }
        self.archive = archive
        self.name = name
        self.feed = feed
    }

    /// What messages call it.
    public var source: String { name }

    /// Some bytes of the content of the member that `next` gave last; 0 at its end.
    public mutating func read(into buffer: UnsafeMutableRawBufferPointer) throws -> Int {
        let count = archive_read_data(archive, buffer.baseAddress, buffer.count)
        guard count >= 0 else { throw damaged() }
        return count
    }

    /// Whether the members read so far are in a format that dpkg reads: no pax headers, no sparse files. See deb(5).
    public var isPlainTar: Bool { archive_format(archive) != ARCHIVE_FORMAT_TAR_PAX_INTERCHANGE }

    /// Reads the stream on to its end after the last member, where only the zeroes may follow that fill up a tar.
    ///
    /// - Throws: `badInput`, where something else follows, or more than a megabyte.
    public mutating func finish() throws {
        guard let feed else { return }
        try feed.readZeroes(from: archive_filter_bytes(archive, 0), limit: 1 << 20)
    }
}

/// What libarchive's callback reads from. libarchive holds an unretained pointer to it, so it is kept by the reader.
final class StreamFeed {
    private var stream: DecodedStream
    private let name: String
    private let limit: Int64
    private let sink: (UnsafeRawBufferPointer) throws -> Void
    private var chunk = UnsafeRawBufferPointer(start: nil, count: 0)
    /// The place in the stream behind the present chunk.
    private var position: Int64 = 0
    /// What went wrong in the callback, to be thrown where libarchive returns.
    private(set) var error: (any Error)?

    init(
        _ stream: consuming DecodedStream, name: String, limit: Int64,
        sink: @escaping (UnsafeRawBufferPointer) throws -> Void
    ) {
        self.stream = stream
        self.name = name
        self.limit = limit
        self.sink = sink
    }

    func read(_ buffer: UnsafeMutablePointer<UnsafeRawPointer?>) -> Int {
        do {
            guard try advance() else { return 0 }
            buffer.pointee = chunk.baseAddress
            return chunk.count
        } catch {
            self.error = error
            return -1
        }
    }

    private func advance() throws -> Bool {
        try Interrupts.check()
        guard let next = try stream.next() else { return false }
        guard Int64(next.count) <= limit - position else {
            throw Failure(.badInput, "\(name) unpacks to more than \(limit) bytes")
        }
        chunk = next
        position += Int64(next.count)
        try sink(next)
        return true
    }

    func readZeroes(from start: Int64, limit: Int64) throws {
        if let error { throw error }
        let end = position
        if start < end { try check(chunk.suffix(Int(end - start))) }
        while try advance() {
            try check(chunk[...])
            guard position - end <= limit else { throw Failure(.badInput, "\(name) has something behind its end") }
        }
    }

    private func check(_ bytes: Slice<UnsafeRawBufferPointer>) throws {
        guard bytes.allSatisfy({ $0 == 0 }) else { throw Failure(.badInput, "\(name) has something behind its end") }
    }
}
