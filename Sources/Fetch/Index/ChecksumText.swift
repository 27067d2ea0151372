import DevboxCore

/// Files of digests, as sha256sum(1) writes them: a line for each file with the digest and the name; and with --tag.
enum ChecksumText {
    /// The digest of a file; nil where the text does not have it.
    static func digest(of name: String, in text: [UInt8]) -> SHA256Digest? {
        for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline) {
            if let (digest, file) = entry(line), lastPart(file) == name { return digest }
        }
        return nil
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
