import CLinux
import DevboxCore

/// Files of digests, as sha256sum(1) writes them: a line for each file with the digest and the name; and with --tag.
enum ChecksumText {
    /// What a text says of a file.
    enum Entry: Equatable {
        case digest(SHA256Digest)
        /// It names the file, but with no digest that could be one of SHA-256.
        case unreadable
        /// It does not name the file.
        case none
    }

    /// What a text says of the file `name` beside it.
    static func entry(of name: String, in text: [UInt8]) -> Entry {
        // Only lines that have the name in them are looked at: a tree of many small files has one text for all of them.
        let wanted = Array(name.utf8)
        return text.withUnsafeBytes { bytes -> Entry in
            var start = 0
            var result = Entry.none
            while let base = bytes.baseAddress, start < bytes.count,
                let found = devbox_find(base + start, bytes.count - start, wanted, wanted.count)
            {
                let hit = UnsafeRawPointer(found) - base
                let first = (bytes[..<hit].lastIndex(of: 0x0A) ?? -1) + 1
                let end = bytes[hit...].firstIndex(of: 0x0A) ?? bytes.count
                if let (digest, file) = fields(String(decoding: bytes[first..<end], as: UTF8.self)),
                    (file.hasPrefix("./") ? file.dropFirst(2) : file) == name
                {
                    if let digest = SHA256Digest(digest) { return .digest(digest) }
                    result = .unreadable
                }
                start = end + 1
            }
            return result
        }
    }

    /// The digest in a `<file>.sha256`, which may be all that is in it; the name in it may have the folder that it was built in.
    static func digest(ofOnly name: String, in text: [UInt8]) -> SHA256Digest? {
        let lines = String(decoding: text.prefix(4096), as: UTF8.self).split(whereSeparator: \.isNewline)
        for line in lines {
            guard let (digest, file) = fields(String(line)) else { continue }
            if file.isEmpty ? lines.count == 1 : file == name || file.hasSuffix("/\(name)") {
                return SHA256Digest(digest)
            }
        }
        return nil
    }

    /// The digest and the name in a line; nil for an empty one. What stands in the digest's place need not be one.
    private static func fields(_ line: String) -> (digest: Substring, file: Substring)? {
        var line = line[...]
        while line.last?.isWhitespace == true { line.removeLast() }
        // Some editors begin a text with a mark of its byte order.
        if line.unicodeScalars.first == "\u{FEFF}" { line = Substring(line.unicodeScalars.dropFirst()) }
        if line.hasPrefix("SHA256 ("), let end = line.range(of: ") = ") {
            return (line[end.upperBound...], line[line.index(line.startIndex, offsetBy: 8)..<end.lowerBound])
        }
        let digest = line.prefix { !$0.isWhitespace }
        if digest.isEmpty { return nil }
        let file = line[digest.endIndex...].drop { $0.isWhitespace }
        // sha256sum marks what it read as binary.
        return (digest, file.hasPrefix("*") ? file.dropFirst() : file)
    }
}

extension Substring {
    /// The first place of a text in it.
    fileprivate func range(of text: String) -> Range<Index>? {
        indices.first { self[$0...].hasPrefix(text) }.map { $0..<index($0, offsetBy: text.count) }
    }
}
