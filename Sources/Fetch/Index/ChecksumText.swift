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
    /// - Parameter path: the names of the folders that the file is in, and its own.
    func entry(of path: [String]) -> Entry {
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
                    let rank = Self.rank(Self.parts(file), path)
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
    private static func rank(_ name: [ArraySlice<UInt8>], _ path: [String]) -> Int? {
        let common = zip(name.reversed(), path.reversed()).prefix { $0.elementsEqual($1.utf8) }.count
        if common == 0 { return nil }
        return name.count == 1 ? .max : common
    }

    /// The names on a path of the text, without those that lead nowhere; what Windows' programs write has other slashes.
    private static func parts(_ file: ArraySlice<UInt8>) -> [ArraySlice<UInt8>] {
        file.split { $0 == UInt8(ascii: "/") || $0 == UInt8(ascii: "\\") }.filter { !$0.elementsEqual(".".utf8) }
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
