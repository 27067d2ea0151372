import DevboxCore

/// The decoded bytes of a compressed stream, chunk by chunk, in bounded memory.
///
/// It has to be exactly one complete stream: what is cut off, altered, or has something behind its end is an error. An alteration
/// is found where the format has a checksum (gzip, xz, bzip2, and zstd if its writer asked for one).
public struct DecodedStream: ~Copyable {
    private let decoder: any ChunkDecoder

    /// Begins to decode.
    ///
    /// - Parameters:
    ///   - source: the compressed bytes.
    ///   - size: how many there are, in bytes; it is checked that none are left over.
    ///   - compression: how they are compressed.
    ///   - name: what messages call them, as in "data.tar.xz of x.deb".
    public init(_ source: @escaping ByteSource, size: Int64, compression: Compression, name: String) throws {
        decoder =
            switch compression {
            case .none: PlainDecoder(source)
            case .xz, .lzma: try LZMADecoder(source, isXZ: compression == .xz, name: name)
            case .gzip, .zstd, .bzip2, .lz4:
                try FilterDecoder(source, size: size, compression: compression, name: name)
            }
    }

    /// The next chunk, of up to some megabytes; valid until the next call. nil at the end.
    ///
    /// - Throws: `badInput`, where the stream is damaged, cut off, or goes on behind its end.
    public mutating func next() throws -> UnsafeRawBufferPointer? { try decoder.next() }

    /// How large the chunks are, in bytes.
    static let chunkSize = 1 << 20
}

/// Something that decodes a stream.
protocol ChunkDecoder: AnyObject {
    func next() throws -> UnsafeRawBufferPointer?
}

/// Bytes that are not compressed.
final class PlainDecoder: ChunkDecoder {
    private let source: ByteSource
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: DecodedStream.chunkSize, alignment: 4096)

    init(_ source: @escaping ByteSource) { self.source = source }

    func next() throws -> UnsafeRawBufferPointer? {
        let count = try source(buffer)
        return count == 0 ? nil : UnsafeRawBufferPointer(rebasing: buffer[..<count])
    }

    deinit { buffer.deallocate() }
}
