import DevboxCore

/// Where something of a source is: an http or https address, or a path of the host. Its parts are kept decoded, so that a name that
/// comes from an index can be looked at before it is used.
public struct Address: Sendable, Hashable, CustomStringConvertible {
    /// "https://example.org:8443"; nil for a path of the host.
    public let origin: String?
    /// Decoded, none of them empty, `.` or `..`.
    public private(set) var parts: [String]
    /// Whether it names a folder, which an address ends with `/` for.
    public private(set) var isFolder: Bool

    /// Reads an address, or an absolute path; the end decides whether it is a folder's.
    ///
    /// - Throws: a usage error for what is neither, and for an address with a user, a query or a fragment.
    public init(_ text: String) throws {
        func refuse(_ reason: String) -> Failure {
            Failure(.usage, "'\(Names.printable(text))' is no address: \(reason)")
        }
        let path: Substring
        if text.hasPrefix("/") {
            (origin, path) = (nil, text[...])
        } else {
            guard let scheme = ["http://", "https://"].first(where: { text.lowercased().hasPrefix($0) }) else {
                throw refuse("it begins with http://, https:// or /")
            }
            let rest = text.dropFirst(scheme.count)
            let host = rest.prefix { $0 != "/" }
            let plain = host.utf8.allSatisfy { $0 > 0x20 && $0 < 0x7F && !"@?#\\\"<>".utf8.contains($0) }
            guard !host.isEmpty, plain else {
                throw refuse(
                    host.contains("@") ? "devbox keeps no passwords in addresses" : "its host cannot be read")
            }
            (origin, path) = (scheme + host.lowercased(), rest.dropFirst(host.count))
            guard !path.contains(where: { "?#".contains($0) }) else { throw refuse("a query is not supported") }
        }
        parts = []
        isFolder = path.hasSuffix("/") || path.isEmpty
        for part in path.split(separator: "/") {
            guard let name = origin == nil ? String(part) : Self.decoded(part), Self.isSafe(name) else {
                throw refuse("'\(Names.printable(part))' in it cannot be used")
            }
            parts.append(name)
        }
    }

    /// The file of a name in this folder.
    ///
    /// - Throws: `badInput` for a name that would lead elsewhere.
    public func file(_ name: String) throws -> Address { try child(name, isFolder: false) }

    /// The folder of a name in this folder.
    public func folder(_ name: String) throws -> Address { try child(name, isFolder: true) }

    /// A path below this folder, as in an apt index; `a/b/c`.
    public func descendant(_ path: String) throws -> Address {
        var result = self
        // Indexes of flat repositories have "./" in front.
        let names = path.split(separator: "/").filter { $0 != "." }.map(String.init)
        for (index, name) in names.enumerated() {
            result = try result.child(name, isFolder: index < names.count - 1)
        }
        guard !names.isEmpty, !path.hasPrefix("/") else { throw outside(path) }
        return result
    }

    /// The folder that it is in.
    public var parent: Address {
        var result = self
        if !result.parts.isEmpty { result.parts.removeLast() }
        result.isFolder = true
        return result
    }

    /// Whether an address is this folder's, or leads to what is in it.
    func contains(_ other: Address) -> Bool { origin == other.origin && other.parts.starts(with: parts) }

    /// The last of its parts.
    public var name: String { parts.last ?? "" }

    private func child(_ name: String, isFolder: Bool) throws -> Address {
        guard Self.isSafe(name) else { throw outside(name) }
        var result = self
        result.parts.append(name)
        result.isFolder = isFolder
        return result
    }

    private func outside(_ name: String) -> Failure {
        Failure(.badInput, "\(self) names '\(Names.printable(name))', which leads out of that folder")
    }

    /// As it goes over the wire, or the path.
    public var description: String {
        let path = "/" + parts.map { origin == nil ? $0 : Self.encoded($0) }.joined(separator: "/")
        return (origin ?? "") + path + (isFolder && !parts.isEmpty ? "/" : "")
    }

    /// Whether a name from outside may be a part of a path.
    static func isSafe(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && name.utf8.count <= 255
            && name.unicodeScalars.allSatisfy { Names.isPrintable($0) && $0 != "/" }
    }

    /// `%41` undone; nil where what comes out is not UTF-8.
    static func decoded(_ text: some StringProtocol) -> String? {
        guard text.utf8.contains(UInt8(ascii: "%")) else { return String(text) }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            guard byte == UInt8(ascii: "%") else {
                bytes.append(byte)
                continue
            }
            guard rest.count >= 2, let value = UInt8(String(decoding: rest.prefix(2), as: UTF8.self), radix: 16) else {
                return nil
            }
            bytes.append(value)
            rest = rest.dropFirst(2)
        }
        return String(validating: bytes, as: UTF8.self)
    }

    /// RFC 3986: all but the unreserved characters, and those that paths may have as they are. A "+" goes as %2B, as apt sends it: stores
    /// of objects take it for a space otherwise.
    private static func encoded(_ name: String) -> String {
        if name.utf8.allSatisfy(isPlain) { return name }
        var result = ""
        for byte in name.utf8 {
            if isPlain(byte) {
                result.unicodeScalars.append(Unicode.Scalar(byte))
            } else {
                result += "%" + (byte < 16 ? "0" : "") + String(byte, radix: 16, uppercase: true)
            }
        }
        return result
    }

    private static func isPlain(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: "-._~=:@!$&'()*,;".utf8.contains(byte)
        }
    }
}
