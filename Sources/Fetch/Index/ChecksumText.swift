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
                if let (digest, file) = fields(Array(bytes[first..<end])[...]),
                    (file.starts(with: "./".utf8) ? file.dropFirst(2) : file).elementsEqual(wanted)
                {
                    if let digest = SHA256Digest(digits: digest) { return .digest(digest) }
                    result = .unreadable
                }
                start = end + 1
            }
            return result
        }
    }

    /// The digest in a `<file>.sha256`, which may be all that is in it; the name in it may have the folder that it was built in.
    static func digest(ofOnly name: String, in text: [UInt8]) -> SHA256Digest? {
        let lines = text.prefix(4096).split { $0 == 0x0A || $0 == 0x0D }
        for line in lines {
            guard let (digest, file) = fields(line) else { continue }
            // sha256sum calls its standard input "-".
            let isNameless = file.isEmpty || file.elementsEqual("-".utf8)
            let isMeant =
                isNameless
                ? lines.count == 1 : file.split(separator: UInt8(ascii: "/")).last?.elementsEqual(name.utf8) == true
            if isMeant { return SHA256Digest(digits: digest) }
        }
        return nil
    }

    /// The digest and the name in a line; nil for an empty one. What stands in the digest's place need not be one.
    private static func fields(_ line: ArraySlice<UInt8>) -> (digest: ArraySlice<UInt8>, file: ArraySlice<UInt8>)? {
        func isSpace(_ byte: UInt8) -> Bool { byte <= 0x20 }
        var line = line
        while line.last.map(isSpace) == true { line.removeLast() }
        // Some editors begin a text with a mark of its byte order, U+FEFF.
        if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        let (begin, middle) = (Array("SHA256 (".utf8), Array(") = ".utf8))
        if line.starts(with: begin), let end = line.indices.first(where: { line[$0...].starts(with: middle) }) {
            return (line[(end + middle.count)...], line[(line.startIndex + begin.count)..<end])
        }
        let digest = line.prefix { !isSpace($0) }
        if digest.isEmpty { return nil }
        let file = line[digest.endIndex...].drop(while: isSpace)
        // sha256sum marks what it read as binary.
        return (digest, file.first == UInt8(ascii: "*") ? file.dropFirst() : file)
    }
}
