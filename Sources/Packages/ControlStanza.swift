/// A paragraph of fields, as control files, package indexes and dpkg's status file have them. See deb-control(5), deb822(5).
public struct ControlStanza: Sendable, Equatable {
    /// A field in the order of the file.
    public struct Field: Sendable, Equatable {
        /// The name, as it was written.
        public let name: String
        /// The value: the lines with line feeds between them, every further line without the space that it begins with.
        public let value: String
    }

    /// All fields in order.
    public private(set) var fields: [Field]

    /// - Parameter fields: in order, no name twice.
    public init(fields: [Field] = []) { self.fields = fields }

    /// A field's value, its name in either case; nil where there is no such field.
    public subscript(name: String) -> String? {
        fields.first { Self.isSame($0.name, name) }?.value
    }

    /// A field's value as one line; for those that may be folded: Depends, Provides.
    public func folded(_ name: String) -> String? {
        self[name].map { $0.split(whereSeparator: \.isNewline).map(Self.trimmed).joined(separator: " ") }
    }

    /// The first line of the description.
    public var synopsis: String? {
        self["Description"].map { $0.prefix { $0 != "\n" } }.map(String.init)
    }

    /// The description without its first line, "." standing for an empty line taken out.
    public var longDescription: String? {
        guard let lines = self["Description"]?.split(separator: "\n", omittingEmptySubsequences: false), lines.count > 1
        else { return nil }
        return lines.dropFirst().map { $0 == "." ? "" : $0 }.joined(separator: "\n")
    }

    mutating func append(_ field: Field) { fields.append(field) }

    func contains(_ name: String) -> Bool { fields.contains { Self.isSame($0.name, name) } }

    private static func trimmed(_ text: Substring) -> String {
        var text = text
        while text.first?.isWhitespace == true { text.removeFirst() }
        while text.last?.isWhitespace == true { text.removeLast() }
        return String(text)
    }

    /// Names are ASCII, so that only those letters have two cases.
    static func isSame(_ one: String, _ other: String) -> Bool {
        guard one.utf8.count == other.utf8.count else { return false }
        return zip(one.utf8, other.utf8).allSatisfy { lowercased($0) == lowercased($1) }
    }

    private static func lowercased(_ byte: UInt8) -> UInt8 {
        (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte) ? byte | 0x20 : byte
    }
}
