import CLZMA
import DevboxCore
import Glibc

/// Decodes one xz stream, its blocks in parallel where it has several and says how long they are, or one .lzma stream of the older
/// format. See lzma/container.h.
final class LZMADecoder: ChunkDecoder {
    private let stream = UnsafeMutablePointer<lzma_stream>.allocate(capacity: 1)
    private let input = UnsafeMutableRawBufferPointer.allocate(byteCount: DecodedStream.chunkSize, alignment: 4096)
    private let output = UnsafeMutableRawBufferPointer.allocate(byteCount: DecodedStream.chunkSize, alignment: 4096)
    private let source: ByteSource
    private let name: String
    private var sourceEnded = false
    private var ended = false
    /// What is wrong behind the chunk that was handed out last.
    private var defect: Failure?

    /// `xz -9` needs 65 MiB and Debian's 24 MiB blocks some 45 MiB a thread; a header may ask for 4 GiB.
    private static let memoryLimit: UInt64 = 256 << 20

    init(_ source: @escaping ByteSource, isXZ: Bool, name: String) throws {
        self.source = source
        self.name = name
        stream.initialize(to: lzma_stream())
        var options = lzma_mt()
        options.threads = UInt32(clamping: max(1, sysconf(Int32(_SC_NPROCESSORS_ONLN))))
        // Past the first limit it takes fewer threads, past the second it gives up.
        options.memlimit_threading = Self.memoryLimit
        options.memlimit_stop = Self.memoryLimit
        let result =
            isXZ ? lzma_stream_decoder_mt(stream, &options) : lzma_alone_decoder(stream, Self.memoryLimit)
        guard result == LZMA_OK else { throw Failure(.failure, "cannot unpack \(name): out of memory") }
    }

    deinit {
        lzma_end(stream)
        stream.deinitialize(count: 1)
        stream.deallocate()
        input.deallocate()
        output.deallocate()
    }

    func next() throws -> UnsafeRawBufferPointer? {
        if let defect { throw defect }
        if ended { return nil }
        stream.pointee.next_out = output.baseAddress?.assumingMemoryBound(to: UInt8.self)
        stream.pointee.avail_out = output.count
        while stream.pointee.avail_out > 0 {
            if stream.pointee.avail_in == 0, !sourceEnded {
                let count = try source(input)
                sourceEnded = count == 0
                stream.pointee.next_in = UnsafePointer(input.baseAddress?.assumingMemoryBound(to: UInt8.self))
                stream.pointee.avail_in = count
            }
            let result = lzma_code(stream, sourceEnded ? LZMA_FINISH : LZMA_RUN)
            if result == LZMA_STREAM_END {
                ended = true
                try noteWhatFollows()
                break
            }
            if result != LZMA_OK {
                defect = Failure(.badInput, "\(name) \(Self.defect(result))")
                break
            }
        }
        let count = output.count - stream.pointee.avail_out
        if count == 0, let defect { throw defect }
        return count == 0 ? nil : UnsafeRawBufferPointer(rebasing: output[..<count])
    }

    private func noteWhatFollows() throws {
        if try stream.pointee.avail_in > 0 || source(input) > 0 {
            defect = Failure(.badInput, "\(name) has something behind its end")
        }
    }

    private static func defect(_ result: lzma_ret) -> String {
        switch result {
        case LZMA_MEMLIMIT_ERROR: "needs more than \(memoryLimit >> 20) MiB of memory to be unpacked"
        case LZMA_MEM_ERROR: "cannot be unpacked: out of memory"
        case LZMA_FORMAT_ERROR: "is damaged: it is not in the format that its name says"
        case LZMA_OPTIONS_ERROR: "is damaged, or compressed in a way that this liblzma does not know"
        case LZMA_BUF_ERROR: "is truncated"
        default: "is damaged: its checksum or its structure is wrong"
        }
    }
}

extension Compression {
    /// How many bytes an xz stream decodes to, from the index at its end; nil where that cannot be read, or is too large to be.
    ///
    /// - Parameter stretch: the whole stream.
    public static func decodedSize(ofXZ stretch: FileStretch) throws -> Int64? {
        let footerSize = Int64(LZMA_STREAM_HEADER_SIZE)
        guard stretch.size >= 2 * footerSize else { return nil }
        let footer = try stretch.bytes(at: stretch.size - footerSize, count: Int(footerSize))
        var flags = lzma_stream_flags()
        guard lzma_stream_footer_decode(&flags, footer) == LZMA_OK else { return nil }
        // A block takes a few bytes of it; this is room for a million of them.
        let indexSize = Int64(flags.backward_size)
        guard indexSize <= 8 << 20, indexSize <= stretch.size - 2 * footerSize else { return nil }
        let bytes = try stretch.bytes(at: stretch.size - footerSize - indexSize, count: Int(indexSize))
        var index: OpaquePointer?
        var (memory, position) = (UInt64(64 << 20), 0)
        guard lzma_index_buffer_decode(&index, &memory, nil, bytes, &position, bytes.count) == LZMA_OK else {
            return nil
        }
        defer { lzma_index_end(index, nil) }
        guard lzma_index_file_size(index) == UInt64(stretch.size) else { return nil }
        return Int64(exactly: lzma_index_uncompressed_size(index))
    }
}
