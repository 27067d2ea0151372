/// The status and the header lines of an HTTP response, see RFC 9110.
public struct HTTPHead: Sendable, Equatable {
    /// 200, 206, 404, …
    public private(set) var status = 0
    private var fields: [String: String] = [:]

    /// Takes a line as it comes; a status line begins anew, as after a redirect.
    mutating func take(line: String) {
        // "\r\n" is one Character to Swift, so this looks at scalars.
        let scalars = line.unicodeScalars
        let end = scalars.firstIndex { $0 == "\r" || $0 == "\n" } ?? scalars.endIndex
        let line = String(scalars[..<end])
        if line.hasPrefix("HTTP/") {
            fields = [:]
            status = line.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
        } else if let colon = line.firstIndex(of: ":"), fields.count < 200 {
            let value = line[line.index(after: colon)...].drop { $0 == " " || $0 == "\t" }
            fields[line[..<colon].lowercased()] = String(value)
        }
    }

    /// A header field by its name in small letters.
    subscript(_ name: String) -> String? { fields[name] }

    /// The size of what is sent in answer, where the server tells.
    var contentLength: Int64? { fields["content-length"].flatMap { Int64($0) } }

    /// From where on the file is sent, and how large all of it is: "bytes 100-199/200".
    var contentRange: (first: Int64, total: Int64?)? {
        guard let text = fields["content-range"], text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/")
        guard parts.count == 2, let first = parts[0].split(separator: "-").first.flatMap({ Int64($0) }) else {
            return nil
        }
        return (first, Int64(parts[1]))
    }

    /// What tells this state of the file from a later one, for If-Range: a strong ETag, else the time of change. A weak ETag does
    /// not do: its bytes may differ.
    var validator: String? {
        if let tag = fields["etag"], tag.hasPrefix("\"") { return tag }
        return fields["last-modified"]
    }

    /// Whether a part may belong to the state of the file that `validator` tells of. A server need not repeat it.
    func agrees(with validator: String) -> Bool {
        fields[validator.hasPrefix("\"") ? "etag" : "last-modified"].map { $0 == validator } ?? true
    }

    /// The day of Last-Modified: "Wed, 30 Sep 2026 01:02:03 GMT".
    public var lastModified: CalendarDay? {
        guard let words = fields["last-modified"]?.split(separator: " "), words.count >= 4 else { return nil }
        return IndexPage.details("\(words[1])-\(words[2])-\(words[3])").0
    }
}
