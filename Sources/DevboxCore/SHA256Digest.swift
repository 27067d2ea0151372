import Crypto
import SystemPackage

/// The SHA-256 digest of some content: 64 hexadecimal digits as text, in records and in what sha256sum(1) prints.
public struct SHA256Digest: Sendable, Hashable, Codable, CustomStringConvertible {
    /// 64 lowercase hexadecimal digits.
    public let description: String

    /// A digest as text has it, in either case; nil where the text is none.
    public init?(_ text: some StringProtocol) { self.init(digits: text.utf8) }

    /// A digest out of the digits as ASCII, in either case; nil where they are none.
    public init?(digits text: some Collection<UInt8>) {
        guard let digits = Hexadecimal.digits(text, count: 64) else { return nil }
        description = digits
    }

    fileprivate init(_ digest: SHA256.Digest) { description = Hexadecimal.text(digest, count: 32) }

    /// The digest of bytes.
    public init(of bytes: some Sequence<UInt8>) {
        var hasher = Hasher()
        Array(bytes).withUnsafeBytes { hasher.update($0) }
        self = hasher.digest
    }

    /// The digest of an open file from its position on; it is read to its end.
    ///
    /// - Parameter name: what messages call the file.
    public init(of file: FileDescriptor, name: String) throws {
        var hasher = Hasher()
        try Files.forEachChunk(of: file, name: name) { hasher.update($0) }
        self = hasher.digest
    }

    /// The digest of a file; a link is followed.
    public init(of path: FilePath) throws {
        let file = try Files.open(path, .readOnly)
        defer { try? file.close() }
        try self.init(of: file, name: path.string)
    }

    /// Digests what comes chunk by chunk.
    public struct Hasher: Sendable {
        private var function = SHA256()

        /// Nothing has been digested yet.
        public init() {}

        /// Takes the next chunk.
        public mutating func update(_ bytes: UnsafeRawBufferPointer) { function.update(bufferPointer: bytes) }

        /// The digest of all that has come so far.
        public var digest: SHA256Digest { SHA256Digest(function.finalize()) }
    }

    /// Decodes the 64 digits.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let digest = SHA256Digest(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a SHA-256 digest")
        }
        self = digest
    }

    /// Encodes the 64 digits.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
