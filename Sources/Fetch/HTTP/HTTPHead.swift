import FoundationEssentials

/// The status of an HTTP response and those header fields of it that devbox looks at, see RFC 9110.
public struct HTTPHead: Sendable, Equatable {
    /// 200, 206, 404, …
    public private(set) var status = 0
    private var fields: [Field: String] = [:]
    private var isModern = false

    /// The fields; others are passed over.
    enum Field: String, CaseIterable {
        case length = "content-length"
        case range = "content-range"
        case tag = "etag"
        case modified = "last-modified"
        case retry = "retry-after"
        case location, connection
    }

    /// Takes a line as it comes; a status line begins anew, as after a redirect.
    mutating func take(line: UnsafeRawBufferPointer) {
        let end = line.firstIndex { $0 == 0x0D || $0 == 0x0A } ?? line.count
        let line = line[..<end]
        if line.starts(with: "HTTP/".utf8) {
            fields = [:]
            isModern = !line.starts(with: "HTTP/1.0".utf8)
            let code = line.split(separator: 0x20, maxSplits: 2).dropFirst().first
            status = code.flatMap { Int(String(decoding: $0, as: UTF8.self)) } ?? 0
        } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
            let name = UnsafeRawBufferPointer(rebasing: line[..<colon])
            guard let field = Field.allCases.first(where: { $0.isNamed(name) }) else { return }
            let value = line[(colon + 1)...].drop { $0 == 0x20 || $0 == 0x09 }
            fields[field] = String(decoding: value, as: UTF8.self)
        }
    }

    /// A header field.
    subscript(_ field: Field) -> String? { fields[field] }

    /// Whether the server goes on listening on this connection.
    var keepsOpen: Bool { isModern && fields[.connection]?.lowercased() != "close" }

    /// The size of what is sent in answer, where the server tells.
    var contentLength: Int64? { fields[.length].flatMap { Int64($0) } }

    /// From where on the file is sent, and how large all of it is: "bytes 100-199/200".
    var contentRange: (first: Int64, total: Int64?)? {
        guard let text = fields[.range], text.hasPrefix("bytes ") else { return nil }
        let parts = text.dropFirst(6).split(separator: "/")
        guard parts.count == 2, let first = parts[0].split(separator: "-").first.flatMap({ Int64($0) }) else {
            return nil
        }
        return (first, Int64(parts[1]))
    }

    /// What tells this state of the file from a later one, for If-Range: a strong ETag, else the time of change. A weak ETag does
    /// not do: its bytes may differ.
    var validator: String? {
        if let tag = fields[.tag], tag.hasPrefix("\"") { return tag }
        return fields[.modified]
    }

    /// Whether a part may belong to the state of the file that `validator` tells of. A server need not repeat it.
    func agrees(with validator: String) -> Bool {
        fields[validator.hasPrefix("\"") ? .tag : .modified].map { $0 == validator } ?? true
    }

    /// How long the server asks to be left alone, see RFC 9110, 10.2.3: in seconds, or until a moment. What is too large for a number is
    /// very long, and a part of a second is a whole one.
    var retryAfter: Duration? {
        guard let text = fields[.retry]?.split(whereSeparator: \.isWhitespace).joined(separator: " ") else {
            return nil
        }
        let isNumber = text.utf8.allSatisfy { "+-.0123456789".utf8.contains($0) }
        let seconds = isNumber ? Double(text) : HTTPDate.read(text)?.timeIntervalSinceNow
        return seconds.map { .seconds(Int(max(0, min($0.rounded(.up), 1e9)))) }
    }

    /// The day of Last-Modified: "Wed, 30 Sep 2026 01:02:03 GMT", and as older servers have it.
    public var lastModified: CalendarDay? {
        fields[.modified].flatMap { HTTPDate.day($0) ?? IndexDetails.read($0).day }
    }
}

extension HTTPHead.Field {
    /// Whether a field's name in a response, in whatever case, is this one's.
    fileprivate func isNamed(_ name: UnsafeRawBufferPointer) -> Bool {
        name.count == rawValue.utf8.count && zip(name, rawValue.utf8).allSatisfy { $0 | 0x20 == $1 | 0x20 }
    }
}
