import DevboxCore

/// The files of a folder that may hold digests by their names, whatever the program that made them calls them: `checksums.txt`,
/// `CHECKSUM`, `ltp_1_checksums.txt`, `SHA256SUMS-amd64`, `ltp-1-amd64.sha256`.
struct ChecksumLists: Sendable, Equatable {
    /// Such a file.
    struct List: Sendable, Equatable {
        /// Its name, without the end of a signature.
        let name: String
        /// The functions that its digests may be made with.
        let functions: [ContentDigest.Function]
        /// What its name has besides: "ltp_1" of `ltp_1_checksums.txt`; empty where there is nothing else.
        let subject: String
        /// Whether it should name a file that it may tell of; one that is called like other files need not.
        var isBinding = true
    }

    /// Those that are of no file in particular.
    private let general: [List]
    /// Those whose names begin as a file's does, by that beginning: of a folder of thousands of files each may have one.
    private let special: [String: [List]]
    /// Of these the ones that may have further files: "ltp_1_checksums.txt", but not "ltp-1-amd64.sha256".
    private let wide: [List]

    /// How many of a folder are read for one file.
    private static let most = 16

    /// - Parameter files: the files of a folder, by their names.
    init(of files: [Listing.Entry]) {
        var (general, wide, special): ([List], [List], [String: [List]]) = ([], [], [:])
        var seen: Set<String> = []
        let names = files.map(\.name)
        for file in files where Self.mayBeOne(file.name) && file.size.bytes ?? 0 <= Int64(Checksums.limit) {
            guard let list = Self.list(file.name), seen.insert(list.name).inserted else { continue }
            let described = list.subject.isEmpty ? [] : Self.files(list.subject, names)
            if described.isEmpty {
                general.append(list)
                continue
            }
            special[list.subject, default: []].append(list)
            if !described.contains(where: { [$0, PackageFormat.of($0)?.stem].contains(list.subject) }) {
                wide.append(list)
            }
        }
        (self.general, self.special, self.wide) = (general, special, wide)
    }

    /// Those that may tell of a file: its own ones first.
    func lists(of file: String) -> [List] {
        if general.isEmpty, special.isEmpty { return [] }
        let own = special.isEmpty ? [] : Self.beginnings(of: file).reversed().flatMap { special[$0] ?? [] }
        // "SHA256SUMS-arm64" is none of an amd64 file's.
        let architectures = Self.architectures(file)
        let rest = general.filter { list in
            let named = Self.architectures(list.name)
            return named.isEmpty || architectures.isEmpty || !named.isDisjoint(with: architectures)
        }
        let others = wide.filter { !own.contains($0) }.map { list in
            var list = list
            list.isBinding = false
            return list
        }
        return Array((own + rest + others).prefix(Self.most))
    }

    /// Whether a name is that of a file which holds digests.
    static func mayBeOne(_ name: String) -> Bool {
        guard hasStem(name) else { return false }
        let text = name.lowercased()
        return word(in: text) != nil && !otherEnds.contains { text.hasSuffix(".\($0)") }
    }

    private static let stems = ["checksum", "digest", "sha"].map { Array($0.utf8) }

    /// Whether a part of a word is in a name; a folder may have hundreds of thousands, most of which have none.
    private static func hasStem(_ name: String) -> Bool {
        var name = name
        return name.withUTF8 { bytes in
            bytes.indices.contains { start in
                stems.contains { stem in
                    bytes.count - start >= stem.count && stem[0] == bytes[start] | 0x20
                        && zip(stem, bytes[start...]).allSatisfy { $0 == $1 | 0x20 }
                }
            }
        }
    }

    /// What packages, archives, pages and programs end with.
    private static let otherEnds = [
        "deb", "rpm", "xz", "gz", "zst", "bz2", "lz4", "zip", "tar", "img", "iso", "qcow2", "html", "htm", "php", "js",
        "css", "py", "pl", "sh", "c", "h", "o", "so", "rs", "go", "yml", "yaml", "pdf", "png", "svg", "map", "torrent",
    ]

    private static func list(_ file: String) -> List? {
        let name = ChecksumFiles.unsigned(file)
        guard let (range, functions) = word(in: name) else { return nil }
        let after = name[range.upperBound...]
        let end = [".txt", ".text", ".json", ".list", ".lst", ".csv"].first(where: after.lowercased().hasSuffix) ?? ""
        let (before, rest) = (trimmed(name[..<range.lowerBound]), trimmed(after.dropLast(end.count)))
        return List(name: name, functions: functions, subject: String(before.isEmpty ? rest : before))
    }

    /// The first word of a name that tells of digests, and what they may be made with.
    private static func word(in name: String) -> (Range<String.Index>, [ContentDigest.Function])? {
        var start = name.startIndex
        while start < name.endIndex {
            let end = name[start...].firstIndex { !isLetterOrDigit($0) } ?? name.endIndex
            let word = name[start..<end].lowercased()
            if ["checksum", "checksums", "digest", "digests"].contains(word) {
                // "sha256-checksums.txt" says more in the other word.
                let functions = ContentDigest.Function.allCases.filter { name.uppercased().contains($0.rawValue) }
                return (start..<end, functions.isEmpty ? ContentDigest.Function.allCases : functions)
            }
            for function in ContentDigest.Function.allCases {
                let plain = function.rawValue.lowercased()
                if [plain, "\(plain)sum", "\(plain)sums"].contains(word) { return (start..<end, [function]) }
            }
            // "sha-256.txt"
            if word == "sha",
                let function = ContentDigest.Function.allCases.first(where: {
                    name[end...].dropFirst().prefix(3) == $0.rawValue.suffix(3)
                })
            {
                let next = name.index(end, offsetBy: 4)
                if next == name.endIndex || !isLetterOrDigit(name[next]) { return (start..<next, [function]) }
            }
            start = end == name.endIndex ? end : name.index(after: end)
        }
        return nil
    }

    private static func isLetterOrDigit(_ character: Character) -> Bool {
        character.isASCIIDigit || character.isASCII && character.isLetter
    }

    private static func trimmed(_ text: Substring) -> Substring {
        var text = text.drop { !isLetterOrDigit($0) }
        while let last = text.last, !isLetterOrDigit(last) { text.removeLast() }
        return text
    }

    /// Some of the files, and not the lists of digests, whose names begin so.
    ///
    /// - Parameter names: in their order.
    private static func files(_ beginning: String, _ names: [String]) -> [String] {
        var (low, high) = (0, names.count)
        while low < high {
            let middle = (low + high) / 2
            if names[middle] < beginning { low = middle + 1 } else { high = middle }
        }
        return names[low...].prefix { $0.hasPrefix(beginning) }.prefix(64).filter { name in
            let next = name.dropFirst(beginning.count).first
            return next.map { !isLetterOrDigit($0) } != false && !mayBeOne(name)
        }
    }

    /// What a name begins with, in whole words, and all of it.
    private static func beginnings(of name: String) -> [String] {
        name.indices.filter { $0 > name.startIndex && !isLetterOrDigit(name[$0]) }.map { String(name[..<$0]) } + [name]
    }

    private static func architectures(_ name: String) -> Set<Architecture> {
        var text = name.lowercased()
        for alias in ["x86_64", "x86-64"] where text.contains(alias) {
            text = text.split(separator: alias, omittingEmptySubsequences: false).joined(separator: "amd64")
        }
        return Set(text.split { !isLetterOrDigit($0) }.compactMap { Architecture(alias: $0) })
    }
}
