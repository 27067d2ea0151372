import CLinux

/// Finds the links of an HTML page, and the text behind each in the same row, up to the next one.
struct LinkScanner {
    private let bytes: [UInt8]
    private var position = 0
    /// Where the row of a link ends: what stands behind that belongs to the next one, which some servers print times in front of.
    private let rowEnds: [[UInt8]]

    /// How much of a row is looked at: Caddy's are full of ornaments.
    private static let mostText = 4096

    init(_ bytes: [UInt8]) {
        self.bytes = bytes
        let isTable = bytes.withUnsafeBytes { bytes in ["<td", "<TD"].contains { Self.has(Array($0.utf8), in: bytes) } }
        rowEnds = (isTable ? ["</tr"] : ["\n", "<br", "</li"]).map { Array($0.utf8) }
    }

    private static func has(_ text: [UInt8], in bytes: UnsafeRawBufferPointer) -> Bool {
        bytes.baseAddress.map { devbox_find($0, bytes.count, text, text.count) != nil } ?? false
    }

    /// The next link with a target; entities in both are undone.
    mutating func next() -> (target: String, text: String)? {
        while let start = tag() {
            guard let target = attribute(start) else { continue }
            skipPast("</a")
            let begin = position
            var end = begin
            while end < bytes.count, !isTag(at: end), !isComment(at: end), !isRowEnd(at: end) { end += 1 }
            position = end
            return (Self.text(bytes[target]), Self.withoutTags(bytes[begin..<min(end, begin + Self.mostText)]))
        }
        return nil
    }

    private func isRowEnd(at index: Int) -> Bool {
        // Most bytes are neither.
        guard bytes[index] == UInt8(ascii: "<") || bytes[index] == 0x0A else { return false }
        return rowEnds.contains { end in
            bytes.count - index >= end.count && zip(end, bytes[index...]).allSatisfy { $0 == $1 || $0 == $1 | 0x20 }
        }
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

    private mutating func skipPast(_ text: String) {
        let wanted = Array(text.utf8)
        while position + wanted.count <= bytes.count {
            if zip(wanted, bytes[position...]).allSatisfy({ $0 == $1 | 0x20 || $0 == $1 }) {
                while position < bytes.count, bytes[position] != UInt8(ascii: ">") { position += 1 }
                position = min(position + 1, bytes.count)
                return
            }
            position += 1
        }
        position = bytes.count
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
