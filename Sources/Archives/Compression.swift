/// How a stream of bytes is compressed.
public enum Compression: String, Sendable, Codable, CaseIterable {
    case none
    case gzip
    case xz
    case zstd
    case bzip2
    case lzma
    /// LZ4 frames, and the older format without a frame that the kernel uses.
    case lz4

    /// What the ends of file names mean: ".xz", ".gz"; none is no compression; nil where it is not known.
    public init?(fileExtension: some StringProtocol) {
        switch fileExtension {
        case "": self = .none
        case ".gz": self = .gzip
        case ".xz": self = .xz
        case ".zst": self = .zstd
        case ".bz2": self = .bzip2
        case ".lzma": self = .lzma
        default: return nil
        }
    }

    /// What the first bytes of a stream mean; nil where they are those of no format known here.
    public init?(magic bytes: some Collection<UInt8>) {
        let magics: [(Compression, [UInt8])] = [
            (.gzip, [0x1F, 0x8B]), (.xz, [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0]), (.zstd, [0x28, 0xB5, 0x2F, 0xFD]),
            (.bzip2, [0x42, 0x5A, 0x68]), (.lzma, [0x5D, 0, 0]), (.lz4, [0x02, 0x21, 0x4C, 0x18]),
            (.lz4, [0x04, 0x22, 0x4D, 0x18]),
        ]
        guard let match = magics.first(where: { bytes.starts(with: $0.1) }) else { return nil }
        self = match.0
    }
}
