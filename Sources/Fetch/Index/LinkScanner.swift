/// Finds the links of an HTML page, and the text behind each in the same row, up to the next one.
struct LinkScanner {
    /// A link, the entities in it undone.
    struct Link {
        /// Where it leads to.
        let target: String
        /// What stands behind it in its row; nothing where that may belong to another link.
        let text: String
        /// Where in the page its own words are.
        let label: Range<Int>
    }

    private let bytes: [UInt8]
    private var position = 0
    /// Where the row began that is read.
    private var rowStart = 0
    /// Whether a link of this row was read.
    private var hasLink = false
    /// Whether in this row a day stands in front of the first link: then what is behind one is the next one's.
    private var isReversed = false
    /// Whether this is in a table, where a row may have several lines and blocks.
    private var isTable = false

    /// How much of a row is looked at: Caddy's are full of ornaments.
    private static let mostText = 4096

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next link with a target.
    mutating func next() -> Link? {
        while let start = tag() {
            guard let target = attribute(start) else { continue }
            if !hasLink {
                let front = bytes[max(rowStart, start - Self.mostText)..<(start - 3)]
                isReversed = IndexDetails.read(Self.withoutTags(front)).day != nil
                hasLink = true
            }
            let label = position
            let labelEnd = skipPast("</a")
            let begin = position
            var end = begin
            while end < bytes.count, !isTag(at: end), !isComment(at: end), !isRowEnd(at: end) { end += 1 }
            position = end
            return Link(
                target: Self.text(bytes[target]),
                text: isReversed ? "" : Self.withoutTags(bytes[begin..<min(end, begin + Self.mostText)]),
                label: label..<labelEnd)
        }
        return nil
    }

    /// The words of a link, without the spaces around them.
    func words(of link: Link) -> String {
        let inside = bytes[link.label].drop { $0 != UInt8(ascii: ">") }.dropFirst()
        return Self.withoutTags(inside.prefix(Self.mostText)).split(whereSeparator: \.isWhitespace).joined(
            separator: " ")
    }

    // MARK: Rows

    /// What begins and ends a row wherever it stands.
    private static let rows = keys(["tr", "table", "tbody", "thead", "tfoot", "li"])
    /// What does so where there is no table. In a cell there are blocks as well.
    private static let blocks = keys([
        "div", "p", "br", "hr", "pre", "ul", "ol", "dl", "dt", "dd", "h1", "h2", "h3", "h4", "h5", "h6", "title",
        "body",
        "section", "article", "header", "footer", "main", "nav", "form",
    ])
    /// What there is in a table alone.
    private static let cells = keys(["tr", "td"])
    private static let table = keys(["table"])

    private static func keys(_ names: [String]) -> [UInt64] {
        names.map { $0.utf8.reduce(0) { $0 << 8 | UInt64($1) } }
    }

    /// The name of a tag that begins here, eight letters of it.
    private func name(at index: Int) -> UInt64 {
        var index = index + 1
        if index < bytes.count, bytes[index] == UInt8(ascii: "/") { index += 1 }
        var key: UInt64 = 0
        while index < bytes.count, bytes[index] > 0x2F, bytes[index] != UInt8(ascii: ">"), key >> 56 == 0 {
            key = key << 8 | UInt64(bytes[index] | 0x20)
            index += 1
        }
        return key
    }

    /// Whether a row ends here: what stands behind that belongs to the next one, which some servers print times in front of.
    private func isRowEnd(at index: Int) -> Bool {
        // Most bytes are neither.
        if bytes[index] == 0x0A { return !isTable }
        guard bytes[index] == UInt8(ascii: "<") else { return false }
        let name = name(at: index)
        return Self.rows.contains(name) || !isTable && (Self.blocks.contains(name) || Self.cells.contains(name))
    }

    private mutating func endRow() {
        (rowStart, hasLink, isReversed) = (position, false, false)
        guard bytes[position] == UInt8(ascii: "<") else { return }
        let isEnd = position + 1 < bytes.count && bytes[position + 1] == UInt8(ascii: "/")
        let name = name(at: position)
        if Self.table.contains(name) { isTable = !isEnd }
        if Self.cells.contains(name) { isTable = true }
    }

    private func isComment(at index: Int) -> Bool {
        bytes[index] == UInt8(ascii: "<") && bytes[index...].starts(with: "<!--".utf8)
    }

    private func isTag(at index: Int) -> Bool {
        guard bytes[index] == UInt8(ascii: "<"), index + 2 < bytes.count, bytes[index + 1] | 0x20 == UInt8(ascii: "a")
        else { return false }
        return bytes[index + 2] <= 0x20
    }

    /// The position behind the next `<a ` that is not in a comment.
    private mutating func tag() -> Int? {
        while position < bytes.count {
            if isComment(at: position) {
                position = bytes[position...].indices.first { bytes[$0...].starts(with: "-->".utf8) } ?? bytes.count
            }
            if position == bytes.count { return nil }
            if isTag(at: position) {
                position += 3
                return position
            }
            if isRowEnd(at: position) { endRow() }
            position += 1
        }
        return nil
    }

    /// The value of `href` in the tag that begins at `start`.
    private mutating func attribute(_ start: Int) -> Range<Int>? {
        let name = Array("href".utf8)
        var index = start
        while index < bytes.count, bytes[index] != UInt8(ascii: ">") {
            let isName =
                index + name.count < bytes.count
                && zip(name, bytes[index...]).allSatisfy { $0 == $1 | 0x20 }
                && (bytes[index - 1] <= 0x20)
            guard isName else {
                index += 1
                continue
            }
            index += name.count
            while index < bytes.count, bytes[index] <= 0x20 || bytes[index] == UInt8(ascii: "=") { index += 1 }
            guard index < bytes.count else { return nil }
            let quote = bytes[index]
            let isQuoted = quote == UInt8(ascii: "\"") || quote == UInt8(ascii: "'")
            if isQuoted { index += 1 }
            let begin = index
            while index < bytes.count, isQuoted ? bytes[index] != quote : bytes[index] > 0x20 && bytes[index] != 0x3E {
                index += 1
            }
            position = index
            // Where the page ends first, it was cut off in the middle of a name.
            return index < bytes.count ? begin..<index : nil
        }
        position = index
        return nil
    }

    /// Goes behind a tag; the place in front of it.
    private mutating func skipPast(_ text: String) -> Int {
        let wanted = Array(text.utf8)
        while position + wanted.count <= bytes.count {
            if zip(wanted, bytes[position...]).allSatisfy({ $0 == $1 | 0x20 || $0 == $1 }) {
                let start = position
                while position < bytes.count, bytes[position] != UInt8(ascii: ">") { position += 1 }
                position = min(position + 1, bytes.count)
                return start
            }
            position += 1
        }
        position = bytes.count
        return position
    }

    private static func withoutTags(_ bytes: ArraySlice<UInt8>) -> String {
        var result: [UInt8] = []
        var tag: Int?
        for (index, byte) in zip(bytes.indices, bytes) {
            switch byte {
            case UInt8(ascii: "<"):
                tag = index
                result.append(0x20)
            case UInt8(ascii: ">") where tag != nil:
                // The moment itself, and not as some reader of the page wants it.
                if let time = moment(bytes[(tag ?? index)..<index]) { result += time + [0x20] }
                tag = nil
            default: if tag == nil { result.append(byte) }
            }
        }
        return text(result[...])
    }

    /// The value of `datetime` in `<time datetime="2026-09-30T01:02:03Z"`.
    private static func moment(_ tag: ArraySlice<UInt8>) -> ArraySlice<UInt8>? {
        let (name, quote) = (Array("datetime=".utf8), UInt8(ascii: "\""))
        guard tag.dropFirst().starts(with: "time ".utf8),
            let start = tag.indices.first(where: { tag[$0...].starts(with: name) })
        else { return nil }
        let value = tag[(start + name.count)...]
        return value.first == quote ? value.dropFirst().prefix { $0 != quote } : value.prefix { $0 > 0x20 }
    }

    /// The entities that servers write; `&nbsp;` as a space.
    static func text(_ bytes: ArraySlice<UInt8>) -> String {
        let text = String(decoding: bytes, as: UTF8.self)
        guard bytes.contains(UInt8(ascii: "&")) else { return text }
        let known = ["amp": "&", "lt": "<", "gt": ">", "quot": "\"", "apos": "'", "nbsp": " "]
        var result = ""
        var rest = text[...]
        while let start = rest.firstIndex(of: "&") {
            result += rest[..<start]
            rest = rest[start...]
            let name = rest.dropFirst().prefix(8).prefix { $0 != ";" }
            let number =
                name.hasPrefix("#x") || name.hasPrefix("#X")
                ? UInt32(name.dropFirst(2), radix: 16) : name.hasPrefix("#") ? UInt32(name.dropFirst()) : nil
            if let value = known[String(name)] ?? number.flatMap(Unicode.Scalar.init).map({ String($0) }),
                rest.dropFirst(name.count + 1).first == ";"
            {
                result += value
                rest = rest.dropFirst(name.count + 2)
            } else {
                result += "&"
                rest = rest.dropFirst()
            }
        }
        return result + rest
    }
}
