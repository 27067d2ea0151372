import DevboxCore

/// What a folder has: an automatic index, or a folder of the host.
public struct Listing: Sendable, Equatable {
    /// One file or folder of it.
    public struct Entry: Sendable, Equatable {
        /// Decoded; one part of a path.
        public var name: String
        /// Whether it is a folder.
        public var isFolder: Bool
        /// When it was changed last, by the server's clock.
        public var day: CalendarDay?
        /// As precise as the index has it.
        public var size: Build.Size
    }

    /// What is in the folder.
    public let entries: [Entry]
    /// Links that lead out of the folder, as they stand in the page, the one to the folder above it apart.
    public let outside: [String]
    /// The files among the entries, by their names.
    private let files: [Entry]

    /// - Parameters:
    ///   - entries: what is in the folder.
    ///   - outside: links that lead out of it.
    public init(_ entries: [Entry], outside: [String] = []) {
        (self.entries, self.outside) = (entries, outside)
        files = entries.filter { !$0.isFolder }.sorted { $0.name < $1.name }
    }

    /// Its files whose names begin so, without looking at the others: a folder may have thousands, and be asked for each of them.
    func files(beginningWith text: String) -> ArraySlice<Entry> {
        var (low, high) = (0, files.count)
        while low < high {
            let middle = (low + high) / 2
            if files[middle].name < text { low = middle + 1 } else { high = middle }
        }
        return files[low...].prefix { $0.name.hasPrefix(text) }
    }

    /// Whether it has a file of a name.
    func has(_ name: String) -> Bool { files(beginningWith: name).first?.name == name }
}

/// Reads the automatic indexes of nginx (autoindex), Apache (mod_autoindex, plain, fancy and as a table) and `python3 -m http.server`.
///
/// All three print a link for each file, ending with `/` for a folder. nginx and Apache print time and size behind it. Everything
/// in a page is data from outside: a name is used only where it is a name in this very folder.
public enum IndexPage {
    /// The links of a page.
    ///
    /// - Parameters:
    ///   - html: the page.
    ///   - folder: its address.
    /// - Throws: `badInput`, where it has more than 200,000 links, or is compressed.
    public static func parse(_ html: [UInt8], of folder: Address) throws -> Listing {
        if html.starts(with: [0x1F, 0x8B]) {
            throw FetchError.refused(
                folder, reason: "has a compressed index, which nobody asked for", hint: "tell who runs the source")
        }
        var entries: [Listing.Entry] = []
        var outside: [String] = []
        var seen: Set<String> = []
        var scanner = LinkScanner(html)
        while let link = scanner.next() {
            switch place(of: link.target, in: folder) {
            case .here(let name, let isFolder):
                guard seen.insert(name).inserted else { continue }
                let (day, size) = details(link.text)
                entries.append(
                    Listing.Entry(name: name, isFolder: isFolder, day: day, size: isFolder ? .unknown : size))
            case .above: break
            case .outside: outside.append(link.target)
            }
            guard entries.count + outside.count <= 200_000 else {
                throw FetchError.refused(folder, reason: "has an index of more than 200000 links", hint: nil)
            }
        }
        return Listing(entries, outside: outside)
    }

    enum Place: Equatable {
        case here(String, isFolder: Bool)
        /// The folder above, the folder itself, or another order of the same index.
        case above
        case outside
    }

    /// Where a link of a folder's page leads to.
    static func place(of target: String, in folder: Address) -> Place {
        // "?C=N;O=D" is the same page in another order.
        if target.isEmpty || target.hasPrefix("?") || target.hasPrefix("#") { return .above }
        if ["..", "../", ".", "./"].contains(target) { return .above }
        var path = target[...]
        // Most links are plain names.
        if let origin = folder.origin, path.utf8.contains(UInt8(ascii: ":")) || path.hasPrefix("//") {
            let scheme = origin.prefix { $0 != ":" }
            for prefix in [origin, String(origin.dropFirst(scheme.count + 1))]
            where path.lowercased().hasPrefix(prefix + "/") {
                path = path.dropFirst(prefix.count)
                break
            }
        }
        if path.hasPrefix("//") || path.prefix(while: { $0 != "/" }).contains(":") && !path.hasPrefix("./") {
            return .outside
        }
        let isAbsolute = path.hasPrefix("/")
        let isFolder = path.hasSuffix("/")
        var parts: [String] = []
        for part in path.split(separator: "/") where part != "." {
            guard let name = Address.decoded(part), Address.isSafe(name) else { return .outside }
            parts.append(name)
        }
        if isAbsolute {
            if parts == folder.parts || parts == Array(folder.parts.dropLast()) { return .above }
            guard parts.count == folder.parts.count + 1, parts.starts(with: folder.parts) else { return .outside }
            parts = [parts[parts.count - 1]]
        }
        guard parts.count == 1 else { return .outside }
        return .here(parts[0], isFolder: isFolder)
    }

    /// "30-Sep-2026 01:02 1500000" as nginx prints it, "2026-09-30 01:02 1.4M" as Apache does; `-` is no size.
    static func details(_ text: String) -> (CalendarDay?, Build.Size) {
        var day: CalendarDay?
        for word in text.utf8.split(whereSeparator: { $0 <= 0x20 }).map(Substring.init) {
            if day == nil {
                day = CalendarDay(word) ?? englishDay(word)
                continue
            }
            // The time of day comes between the two.
            if word.contains(":") { continue }
            if let bytes = Int64(word), bytes >= 0 { return (day, .exact(bytes)) }
            if let size = rounded(word) { return (day, size) }
            return (day, .unknown)
        }
        return (day, .unknown)
    }

    private static func englishDay(_ word: Substring) -> CalendarDay? {
        let months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
        let parts = word.split(separator: "-")
        guard parts.count == 3, let day = Int(parts[0]), let month = months.firstIndex(of: String(parts[1])),
            let year = Int(parts[2])
        else { return nil }
        return CalendarDay(year: year, month: month + 1, day: day)
    }

    /// "1.4M", "12K"; nginx prints no tenths.
    private static func rounded(_ word: Substring) -> Build.Size? {
        guard let unit = ["K": Double(1 << 10), "M": Double(1 << 20), "G": Double(1 << 30)][word.suffix(1)],
            let number = Double(word.dropLast()), number >= 0, number < 1e6
        else { return nil }
        let decimals = word.dropLast().split(separator: ".").dropFirst().first?.count ?? 0
        return .about(
            Int64(number * unit), lastDigit: Int64(unit / (0..<min(decimals, 6)).reduce(1) { one, _ in one * 10 }))
    }
}

/// Finds the links of an HTML page, and the text behind each up to the next one.
struct LinkScanner {
    private let bytes: [UInt8]
    private var position = 0

    init(_ bytes: [UInt8]) { self.bytes = bytes }

    /// The next link with a target; entities in both are undone.
    mutating func next() -> (target: String, text: String)? {
        while let start = tag() {
            guard let target = attribute(start) else { continue }
            skipPast("</a")
            let begin = position
            var end = begin
            while end < bytes.count, !isTag(at: end), !isComment(at: end) { end += 1 }
            position = end
            return (Self.text(bytes[target]), Self.withoutTags(bytes[begin..<min(end, begin + 400)]))
        }
        return nil
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
        var inTag = false
        for byte in bytes {
            switch byte {
            case UInt8(ascii: "<"):
                inTag = true
                result.append(0x20)
            case UInt8(ascii: ">") where inTag: inTag = false
            default: if !inTag { result.append(byte) }
            }
        }
        return text(result[...])
    }

    /// The entities that the three servers write; `&nbsp;` as a space.
    private static func text(_ bytes: ArraySlice<UInt8>) -> String {
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
