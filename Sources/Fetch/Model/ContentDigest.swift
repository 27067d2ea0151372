import DevboxCore
import SystemPackage

/// The digest that a source says a file has, by one of the functions that count. devbox's own records have SHA-256 alone.
public enum ContentDigest: Sendable, Hashable, CustomStringConvertible {
    case sha256(SHA256Digest)
    case sha512(SHA512Digest)

    /// How a digest is made, in the order in which they are looked for. Weaker ones than these count for nothing.
    public enum Function: String, Sendable, CaseIterable {
        /// The raw value is the field of Release files and of indexes.
        case sha256 = "SHA256"
        case sha512 = "SHA512"

        /// As messages have it.
        var words: String { self == .sha256 ? "SHA-256" : "SHA-512" }
        /// The list of digests as most sources call it.
        var sums: String { "\(rawValue)SUMS" }
    }

    /// A digest out of its hexadecimal digits as ASCII; nil where they are none of that function.
    init?(_ function: Function, digits: some Collection<UInt8>) {
        switch function {
        case .sha256:
            guard let digest = SHA256Digest(digits: digits) else { return nil }
            self = .sha256(digest)
        case .sha512:
            guard let digest = SHA512Digest(digits: digits) else { return nil }
            self = .sha512(digest)
        }
    }

    /// The first of the functions that `text` has digits of.
    init?(_ text: (Function) -> String?) {
        for function in Function.allCases {
            guard let digits = text(function) else { continue }
            guard let digest = ContentDigest(function, digits: digits.utf8) else { return nil }
            self = digest
            return
        }
        return nil
    }

    /// Whether an open file has it, from its position on; it is read to its end.
    func fits(_ file: FileDescriptor, name: String) throws -> Bool {
        switch self {
        case .sha256(let digest): try SHA256Digest(of: file, name: name) == digest
        case .sha512(let digest): try SHA512Digest(of: file, name: name) == digest
        }
    }

    /// How it was made.
    public var function: Function {
        switch self {
        case .sha256: .sha256
        case .sha512: .sha512
        }
    }

    /// Its hexadecimal digits.
    public var description: String {
        switch self {
        case .sha256(let digest): digest.description
        case .sha512(let digest): digest.description
        }
    }
}
