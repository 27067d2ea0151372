import CLinux
import DevboxCore

/// Files of digests, as sha256sum(1) writes them: a line for each file with the digest and the name; and with --tag.
enum ChecksumText {
    /// The digest of a file; nil where the text does not have it.
    static func digest(of name: String, in text: [UInt8]) -> SHA256Digest? {
        // Only lines that have the name in them are looked at: a tree of many small files has one text for all of them.
        let wanted = Array(name.utf8)
        return text.withUnsafeBytes { bytes -> SHA256Digest? in
            var start = 0
            while let base = bytes.baseAddress, start < bytes.count,
                let found = devbox_find(base + start, bytes.count - start, wanted, wanted.count)
            {
                let hit = UnsafeRawPointer(found) - base
                let first = (bytes[..<hit].lastIndex(of: 0x0A) ?? -1) + 1
                let end = bytes[hit...].firstIndex(of: 0x0A) ?? bytes.count
                let line = String(decoding: bytes[first..<end], as: UTF8.self).split(whereSeparator: \.isNewline).first
                if let (digest, file) = line.flatMap({ entry($0) }), lastPart(file) == name { return digest }
                start = end + 1
            }
            return nil
        }
    }

    /// The digest in a `<file>.sha256`, which may be all that is in it.
    static func digest(ofOnly name: String, in text: [UInt8]) -> SHA256Digest? {
        let words = String(decoding: text.prefix(4096), as: UTF8.self).split(whereSeparator: \.isWhitespace)
        if words.count == 1 { return SHA256Digest(words[0]) }
        return digest(of: name, in: text)
    }

    private static func entry(_ line: Substring) -> (SHA256Digest, Substring)? {
        if line.hasPrefix("SHA256 ("), let end = line.range(of: ") = ") {
            return SHA256Digest(line[end.upperBound...]).map {
                ($0, line[line.index(line.startIndex, offsetBy: 8)..<end.lowerBound])
            }
        }
        guard let space = line.firstIndex(of: " "), let digest = SHA256Digest(line[..<space]) else { return nil }
        // A space or `*` tells text from binary, and is no part of the name.
        return (digest, line[space...].dropFirst(2))
    }

    private static func lastPart(_ path: Substring) -> Substring {
        let plain = path.hasPrefix("./") ? path.dropFirst(2) : path
        return plain.contains("/") ? "" : plain
    }
}

extension Substring {
    /// The first place of a text in it.
    fileprivate func range(of text: String) -> Range<Index>? {
        indices.first { self[$0...].hasPrefix(text) }.map { $0..<index($0, offsetBy: text.count) }
    }
}
