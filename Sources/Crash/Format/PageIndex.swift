import DevboxCore

/// Where the descriptor of each page of a kdump-compressed file is: as many descriptors are before it as bits are set before its own.
struct PageIndex {
    /// How many pages the file has.
    let total: UInt64
    private let bytes: DumpBytes
    private let header: KdumpHeader
    /// The bits set before each part of the bitmap.
    private var before: [UInt64] = []
    private static let partSize: UInt64 = 4096

    static let descriptorSize = 24
    static let zlib: UInt32 = 0x1
    static let lzo: UInt32 = 0x2
    static let snappy: UInt32 = 0x4
    static let zstd: UInt32 = 0x20
    static let compressionFlags = zlib | lzo | snappy | zstd
    /// 16 TiB of memory: the counts take a MiB then.
    private static let longest: UInt64 = 512 << 20

    init(_ bytes: DumpBytes, _ header: KdumpHeader) throws {
        (self.bytes, self.header) = (bytes, header)
        guard header.bitmap.count <= Self.longest else {
            throw VmcoreError.damaged("it speaks of \(header.frames) pages")
        }
        var sum: UInt64 = 0
        for start in stride(from: 0, to: header.bitmap.count, by: Int(Self.partSize)) {
            before.append(sum)
            for byte in try Self.part(start, bytes, header) { sum += UInt64(byte.nonzeroBitCount) }
        }
        total = sum
    }

    /// Those of some frames that the file does not have.
    func absent(_ frames: Range<UInt64>) throws -> [UInt64] {
        let (start, end) = (frames.lowerBound / 8, (frames.upperBound + 7) / 8)
        let bits = try bytes.read(header.bitmap.offset + start, Int(end - start), "its bitmap")
        return frames.filter { bits[Int($0 / 8 - start)] >> ($0 % 8) & 1 == 0 }
    }

    /// Where the descriptor of a page frame is in the file; nil where the page is not there.
    func descriptor(of frame: UInt64) throws -> UInt64? {
        guard frame < header.frames else { return nil }
        let part = frame / 8 / Self.partSize
        let bits = try Self.part(part * Self.partSize, bytes, header)
        let inside = Int(frame / 8 % Self.partSize)
        guard bits[inside] >> (frame % 8) & 1 == 1 else { return nil }
        var rank = before[Int(part)]
        for byte in bits[..<inside] { rank += UInt64(byte.nonzeroBitCount) }
        rank += UInt64((bits[inside] & UInt8((1 << (frame % 8)) - 1)).nonzeroBitCount)
        return header.descriptorsOffset + rank * UInt64(Self.descriptorSize)
    }

    private static func part(_ start: UInt64, _ bytes: DumpBytes, _ header: KdumpHeader) throws -> [UInt8] {
        var part = try bytes.read(
            header.bitmap.offset + start, Int(min(partSize, header.bitmap.count - start)), "its bitmap")
        // Bits behind the last frame mean nothing.
        if start + UInt64(part.count) == header.bitmap.count, header.frames % 8 != 0 {
            part[part.count - 1] &= UInt8((1 << (header.frames % 8)) - 1)
        }
        return part
    }
}
