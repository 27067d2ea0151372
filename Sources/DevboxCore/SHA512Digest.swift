import Crypto
import SystemPackage

/// The SHA-512 digest of some content, for what tells no other one: 128 hexadecimal digits as text.
public struct SHA512Digest: Sendable, Hashable, CustomStringConvertible {
    /// 128 lowercase hexadecimal digits.
    public let description: String

    /// A digest as text has it, in either case; nil where the text is none.
    public init?(_ text: some StringProtocol) { self.init(digits: text.utf8) }

    /// A digest out of the digits as ASCII, in either case; nil where they are none.
    public init?(digits text: some Collection<UInt8>) {
        guard let digits = Hexadecimal.digits(text, count: 128) else { return nil }
        description = digits
    }

    /// The digest of bytes.
    public init(of bytes: UnsafeRawBufferPointer) {
        var function = SHA512()
        function.update(bufferPointer: bytes)
        description = Hexadecimal.text(function.finalize(), count: 64)
    }

    /// The digest of an open file from its position on; it is read to its end.
    ///
    /// - Parameter name: what messages call the file.
    public init(of file: FileDescriptor, name: String) throws {
        var function = SHA512()
        try Files.forEachChunk(of: file, name: name) { function.update(bufferPointer: $0) }
        description = Hexadecimal.text(function.finalize(), count: 64)
    }

    /// The digest of a file; a link is followed.
    public init(of path: FilePath) throws {
        let file = try Files.open(path, .readOnly)
        defer { try? file.close() }
        try self.init(of: file, name: path.string)
    }
}
