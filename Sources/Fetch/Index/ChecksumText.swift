import CLinux
import DevboxCore

/// Files of digests, as sha256sum(1) writes them: a line for each file with the digest and the name; and with --tag, and as openssl(1)
/// writes them.
struct ChecksumText {
    private let text: [UInt8]
    private let function: ContentDigest.Function

    /// What a text says of a file.
    enum Entry: Equatable {
        case digest(ContentDigest)
        /// It names the file, but with no digest that could be one.
        case unreadable
        /// It has several digests for files of that name, and nothing tells which of them is meant.
        case ambiguous
        /// It does not name the file.
        case none
    }

    /// - Parameter function: what its digests are made with.
    init(_ text: [UInt8], of function: ContentDigest.Function = .sha256) {
        (self.text, self.function) = (text, function)
    }

    /// What it says of a file.
    ///
    /// A name in it may have the folder in front that the file was built in, and where several are called alike that folder decides: what
    /// lies beside the text counts most, then what has the most folders in common with the file's own place.
    ///
    /// - Parameters:
    ///   - path: the names of the folders that the file is in, and its own.
    ///   - depth: how many names of the path lead from the text to the file, and must be in it: 1 for what lies beside it.
    func entry(of path: [String], depth: Int = 1) -> Entry {
        let wanted = Array((path.last ?? "").utf8)
        if wanted.isEmpty { return .none }
        var best: (rank: Int, entry: Entry)?
        var isNamed = false
        // Only lines that have the name in them are looked at: a tree of many small files has one text for all of them.
        text.withUnsafeBytes { bytes in
            var start = 0
            while let base = bytes.baseAddress, start < bytes.count,
                let found = devbox_find(base + start, bytes.count - start, wanted, wanted.count)
            {
                let hit = UnsafeRawPointer(found) - base
                let first = (bytes[..<hit].lastIndex(of: 0x0A) ?? -1) + 1
                let end = bytes[hit...].firstIndex(of: 0x0A) ?? bytes.count
                start = end + 1
                guard let (digits, file) = fields(Array(bytes[first..<end])[...]),
                    let rank = Self.rank(Self.parts(file), path, depth)
                else { continue }
                isNamed = true
                guard let digest = ContentDigest(function, digits: digits) else { continue }
                if let before = best, before.rank >= rank {
                    if before.rank == rank, before.entry != .digest(digest) { best = (rank, .ambiguous) }
                } else {
                    best = (rank, .digest(digest))
                }
            }
        }
        return best?.entry ?? (isNamed ? .unreadable : .none)
    }

    /// How well a name in the text fits a file; nil where it is another one's.
    private static func rank(_ name: [ArraySlice<UInt8>], _ path: [String], _ depth: Int) -> Int? {
        let common = zip(name.reversed(), path.reversed()).prefix { $0.elementsEqual($1.utf8) }.count
        if common < depth { return nil }
        return name.count == depth ? .max : common
    }

    /// The names on a path of the text, without those that lead nowhere; what Windows' programs write has other slashes.
    private static func parts(_ file: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        file.split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }.filter { !$0.elementsEqual(".".utf8) }
    }

    /// What a text of no known form says of a file: a line that has its name, and beside it digits that are a digest, in whatever order.
    func looseEntry(of name: String) -> Entry {
        var found: Entry = .none
        for line in lines(with: Array(name.utf8)) {
            let digests = line.split { !Self.isNameByte($0) }.compactMap { ContentDigest(function, digits: $0) }
            switch (found, digests.count) {
            case (_, 2...): return .ambiguous
            case (.digest(let before), 1): if before != digests[0] { return .ambiguous }
            case (_, 1): found = .digest(digests[0])
            default: if found == .none { found = .unreadable }
            }
        }
        return found
    }

    /// Whether it names anything in a folder beside it.
    func names(folder: String) -> Bool {
        let wanted = Array("\(folder)/".utf8)
        return lines(with: wanted).contains { line in
            fields(line).map {
                Self.parts($0.file).count > 1 && Self.parts($0.file).dropLast().last?.elementsEqual(folder.utf8) == true
            }
                ?? false
        }
    }

    /// The lines that have a name, or a beginning of a path, in them that is not a part of a longer name.
    private func lines(with wanted: [UInt8]) -> [ArraySlice<UInt8>] {
        var lines: [ArraySlice<UInt8>] = []
        text.withUnsafeBytes { bytes in
            var start = 0
            while !wanted.isEmpty, let base = bytes.baseAddress, start < bytes.count,
                let found = devbox_find(base + start, bytes.count - start, wanted, wanted.count)
            {
                let hit = UnsafeRawPointer(found) - base
                let end = hit + wanted.count
                start = hit + 1
                let isWhole =
                    (hit == 0 || !Self.isNameByte(bytes[hit - 1]))
                    && (end == bytes.count || wanted.last == UInt8(ascii: "/") || !Self.isNameByte(bytes[end]))
                guard isWhole else { continue }
                let first = (bytes[..<hit].lastIndex(of: 0x0A) ?? -1) + 1
                start = bytes[hit...].firstIndex(of: 0x0A) ?? bytes.count
                lines.append(Array(bytes[first..<start])[...])
            }
        }
        return lines
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: byte >= 0x80 || "-._~+".utf8.contains(byte)
        }
    }

    /// The digest in a `<file>.sha256`, which may be all that is in it; the name in it may have the folder that it was built in.
    func digest(ofOnly name: String) -> ContentDigest? {
        let lines = text.prefix(4096).split { $0 == 0x0A || $0 == 0x0D }
        for line in lines {
            guard let (digits, file) = fields(line) else { continue }
            // sha256sum calls its standard input "-".
            let isNameless = file.isEmpty || file.elementsEqual("-".utf8)
            let isMeant =
                isNameless ? lines.count == 1 : Self.parts(file).last?.elementsEqual(name.utf8) == true
            if isMeant { return ContentDigest(function, digits: digits) }
        }
        return nil
    }

    /// The digest and the name in a line; nil for an empty one. What stands in the digest's place need not be one.
    private func fields(_ line: ArraySlice<UInt8>) -> (digits: ArraySlice<UInt8>, file: ArraySlice<UInt8>)? {
        var line = line
        while line.last.map(Self.isSpace) == true { line.removeLast() }
        // Some editors begin a text with a mark of its byte order, U+FEFF.
        if line.starts(with: [0xEF, 0xBB, 0xBF]) { line.removeFirst(3) }
        if let tagged = tagged(line) { return tagged }
        // sha256sum begins a line so in which it has escaped the name.
        if line.first == UInt8(ascii: "\\") { line.removeFirst() }
        let digits = line.prefix { !Self.isSpace($0) }
        if digits.isEmpty { return nil }
        let file = line[digits.endIndex...].drop(while: Self.isSpace)
        // sha256sum marks what it read as binary.
        return (digits, file.first == UInt8(ascii: "*") ? file.dropFirst() : file)
    }

    /// "SHA256 (FILE) = DIGEST" of --tag and BSD, "SHA2-256(FILE)= DIGEST" of openssl.
    private func tagged(_ line: ArraySlice<UInt8>) -> (digits: ArraySlice<UInt8>, file: ArraySlice<UInt8>)? {
        guard let open = line.firstIndex(of: UInt8(ascii: "(")), let close = line.lastIndex(of: UInt8(ascii: ")")),
            open < close
        else { return nil }
        let label = String(decoding: line[..<open], as: UTF8.self).filter { !" -\\".contains($0) }
        guard [function.rawValue, "SHA2" + function.rawValue.dropFirst(3)].contains(label) else { return nil }
        let rest = line[(close + 1)...].drop(while: Self.isSpace)
        guard rest.first == UInt8(ascii: "=") else { return nil }
        return (rest.dropFirst().drop(while: Self.isSpace), line[(open + 1)..<close])
    }

    private static func isSpace(_ byte: UInt8) -> Bool { byte <= 0x20 }
}
