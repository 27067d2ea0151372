/// The number that the linker gave to a program, the same in a stripped file and in the file with its debug information.
public struct BuildID: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Lowercase hexadecimal digits; GNU ld and the kernel have 40.
    public let description: String

    /// The bytes of a note; nil where there are none, or so many that it cannot be one.
    public init?(bytes: some Collection<UInt8>) {
        guard (1...64).contains(bytes.count) else { return nil }
        description = bytes.map { byte in (byte < 16 ? "0" : "") + String(byte, radix: 16) }.joined()
    }

    /// A build-id as text has it; nil where the text is none.
    public init?(_ text: some StringProtocol) {
        guard (2...128).contains(text.utf8.count), text.utf8.count % 2 == 0,
            text.allSatisfy({ $0.isASCII && $0.isHexDigit })
        else { return nil }
        description = text.lowercased()
    }

    /// Decodes the digits.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let value = BuildID(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a build-id")
        }
        self = value
    }

    /// Encodes the digits.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
