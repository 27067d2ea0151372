import DevboxCore

/// The version of a package, ordered as dpkg orders them. See deb-version(7).
public struct DebianVersion: Sendable, Comparable, Codable, CustomStringConvertible {
    /// The version as it was written.
    public let description: String
    /// The number before the colon, 0 where there is none.
    public let epoch: Int32
    /// What the program's authors call it.
    public let upstream: String
    /// The package's revision, behind the last hyphen; empty where there is none.
    public let revision: String

    /// A version as text has it; nil where the text is none.
    public init?(_ text: some StringProtocol) {
        let text = String(text)
        var rest = text[...]
        if let colon = rest.firstIndex(of: ":") {
            let digits = rest[..<colon]
            // "+1" is a number for Swift.
            guard digits.utf8.allSatisfy(Self.isDigit), let number = Int32(digits) else { return nil }
            epoch = number
            rest = rest[rest.index(after: colon)...]
        } else {
            epoch = 0
        }
        if let hyphen = rest.lastIndex(of: "-") {
            revision = String(rest[rest.index(after: hyphen)...])
            guard !revision.isEmpty else { return nil }
            rest = rest[..<hyphen]
        } else {
            revision = ""
        }
        upstream = String(rest)
        description = text
        guard !upstream.isEmpty, upstream.utf8.allSatisfy({ Self.isAllowed($0, ".+-~:") }),
            revision.utf8.allSatisfy({ Self.isAllowed($0, ".+~") })
        else { return nil }
    }

    /// Whether one comes before the other.
    public static func < (one: DebianVersion, other: DebianVersion) -> Bool { one.compare(other) < 0 }

    /// Whether dpkg takes them for the same: 1.0 and 1.00 are.
    public static func == (one: DebianVersion, other: DebianVersion) -> Bool { one.compare(other) == 0 }

    /// Decodes the text.
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let version = DebianVersion(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a Debian version")
        }
        self = version
    }

    /// Encodes the text.
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }

    private func compare(_ other: DebianVersion) -> Int {
        if epoch != other.epoch { return epoch < other.epoch ? -1 : 1 }
        let order = Self.compare(Array(upstream.utf8), Array(other.upstream.utf8))
        return order != 0 ? order : Self.compare(Array(revision.utf8), Array(other.revision.utf8))
    }

    /// By turns what is no digit, byte by byte, and what is a number.
    private static func compare(_ one: [UInt8], _ other: [UInt8]) -> Int {
        var (i, j) = (0, 0)
        while i < one.count || j < other.count {
            while i < one.count && !isDigit(one[i]) || j < other.count && !isDigit(other[j]) {
                let difference = order(i < one.count ? one[i] : nil) - order(j < other.count ? other[j] : nil)
                if difference != 0 { return difference }
                i += 1
                j += 1
            }
            while i < one.count, one[i] == UInt8(ascii: "0") { i += 1 }
            while j < other.count, other[j] == UInt8(ascii: "0") { j += 1 }
            var difference = 0
            while i < one.count, isDigit(one[i]), j < other.count, isDigit(other[j]) {
                if difference == 0 { difference = Int(one[i]) - Int(other[j]) }
                i += 1
                j += 1
            }
            if i < one.count, isDigit(one[i]) { return 1 }
            if j < other.count, isDigit(other[j]) { return -1 }
            if difference != 0 { return difference }
        }
        return 0
    }

    /// A tilde comes before the end, the end and digits before letters, letters before everything else.
    private static func order(_ byte: UInt8?) -> Int {
        guard let byte, !isDigit(byte) else { return 0 }
        if byte == UInt8(ascii: "~") { return -1 }
        return isLetter(byte) ? Int(byte) : Int(byte) + 256
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isAllowed(_ byte: UInt8, _ others: StaticString) -> Bool {
        isDigit(byte) || isLetter(byte)
            || others.withUTF8Buffer { $0.contains(byte) }
    }
}
