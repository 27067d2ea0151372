import DevboxCore

/// Reads paragraphs of fields out of chunks of text as they come, in bounded memory: a control file, a package index of many
/// megabytes, dpkg's status file. See deb822(5).
public struct ControlReader {
    /// How much is taken before the text is refused.
    public struct Limits: Sendable {
        /// The name and the value of a field, in bytes.
        public var field: Int
        /// A paragraph, in bytes.
        public var stanza: Int
        /// Fields of a paragraph.
        public var fields: Int

        /// - Parameters:
        ///   - field: the name and the value of a field, in bytes.
        ///   - stanza: a paragraph, in bytes.
        ///   - fields: fields of a paragraph.
        public init(field: Int = 1 << 20, stanza: Int = 4 << 20, fields: Int = 256) {
            self.field = field
            self.stanza = stanza
            self.fields = fields
        }
    }

    private let name: String
    private let limits: Limits
    private var line: [UInt8] = []
    private var lineNumber = 1
    private var fieldName: String?
    private var value: [UInt8] = []
    private var stanza = ControlStanza()
    private var stanzaSize = 0

    /// - Parameters:
    ///   - name: what messages call the text.
    ///   - limits: how much is taken before it is refused.
    public init(name: String, limits: Limits = Limits()) {
        self.name = name
        self.limits = limits
    }

    /// Takes the next chunk, and hands on each paragraph that ends in it.
    ///
    /// - Throws: `badInput`, with the number of the line that is wrong, and what `body` throws.
    public mutating func feed(_ bytes: UnsafeRawBufferPointer, _ body: (ControlStanza) throws -> Void) throws {
        var rest = bytes[...]
        while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
            if line.isEmpty {
                try take(UnsafeRawBufferPointer(rebasing: rest[..<end]), body)
            } else {
                line += rest[..<end]
                let whole = line
                line.removeAll(keepingCapacity: true)
                try whole.withUnsafeBytes { try take($0, body) }
            }
            lineNumber += 1
            rest = rest[(end + 1)...]
        }
        guard line.count + rest.count <= limits.field else { throw wrong("the line is too long") }
        line += rest
    }

    /// Ends the text, and hands on the last paragraph.
    public mutating func finish(_ body: (ControlStanza) throws -> Void) throws {
        if !line.isEmpty {
            let last = line
            line = []
            try last.withUnsafeBytes { try take($0, body) }
        }
        try endStanza(body)
    }

    /// All paragraphs of a small text.
    public static func stanzas(of bytes: [UInt8], name: String, limits: Limits = Limits()) throws -> [ControlStanza] {
        var stanzas: [ControlStanza] = []
        var reader = ControlReader(name: name, limits: limits)
        try bytes.withUnsafeBytes { try reader.feed($0) { stanzas.append($0) } }
        try reader.finish { stanzas.append($0) }
        return stanzas
    }

    private mutating func take(_ whole: UnsafeRawBufferPointer, _ body: (ControlStanza) throws -> Void) throws {
        var bytes = whole[...]
        while let last = bytes.last, Self.isSpace(last) { bytes.removeLast() }
        guard let first = bytes.first else { return try endStanza(body) }
        guard !bytes.contains(0) else { throw wrong("it holds a NUL") }
        stanzaSize += bytes.count + 1
        guard stanzaSize <= limits.stanza else { throw wrong("the paragraph is too long") }
        if Self.isSpace(first) {
            guard fieldName != nil else { throw wrong("it continues a field, but there is none before it") }
            value.append(UInt8(ascii: "\n"))
            value += bytes.dropFirst()
        } else {
            try endField()
            guard let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else { throw wrong("it has no field name") }
            try begin(bytes[..<colon])
            value += bytes[(colon + 1)...].drop(while: Self.isSpace)
        }
        guard value.count <= limits.field else { throw wrong("the field is too long") }
    }

    private mutating func begin(_ bytes: Slice<UnsafeRawBufferPointer>) throws {
        guard let first = bytes.first, first != UInt8(ascii: "#"), first != UInt8(ascii: "-"),
            bytes.allSatisfy({ (33...126).contains($0) })
        else { throw wrong("it has no field name") }
        let name = String(decoding: bytes, as: UTF8.self)
        guard !stanza.contains(name) else { throw wrong("the field \(name) is there twice") }
        guard stanza.fields.count < limits.fields else { throw wrong("the paragraph has too many fields") }
        fieldName = name
    }

    private mutating func endField() throws {
        guard let name = fieldName else { return }
        stanza.append(.init(name: name, value: String(decoding: value, as: UTF8.self)))
        fieldName = nil
        value.removeAll(keepingCapacity: true)
    }

    private mutating func endStanza(_ body: (ControlStanza) throws -> Void) throws {
        try endField()
        stanzaSize = 0
        guard !stanza.fields.isEmpty else { return }
        let whole = stanza
        stanza = ControlStanza()
        try body(whole)
    }

    private static func isSpace(_ byte: UInt8) -> Bool {
        byte == UInt8(ascii: " ") || byte == UInt8(ascii: "\t") || byte == UInt8(ascii: "\r")
    }

    private func wrong(_ defect: String) -> Failure {
        Failure(.badInput, "\(name) is damaged: line \(lineNumber): \(defect)")
    }
}
