import DevboxCore

/// The files of digests, and their signatures, that lie beside a package.
public struct ChecksumFiles: Sendable, Equatable {
    /// The names of those that there are; nil where nobody has looked.
    private var names: [String]?
    /// Those that are called in another way than usual.
    private(set) var others: [ChecksumLists.List] = []

    /// Nobody has looked.
    init() {}

    /// Those of a folder that may tell of a file of it.
    init(beside listing: Listing, of file: String) {
        let lists = ["SHA", "sha"].flatMap { listing.files(beginningWith: $0) }.map(\.name).filter(Self.isList)
        var names = lists + listing.files(beginningWith: "\(file).sha").map(\.name)
        let usual = ContentDigest.Function.allCases.flatMap { Self.usual($0) + Self.own($0, of: file) }
        others = listing.checksumLists.lists(of: file).filter { list in
            !usual.contains(list.name) && !usual.contains(list.name.lowercased())
        }
        names += others.flatMap { listing.files(beginningWith: $0.name).prefix(8).map(\.name) }
        self.names = names
    }

    /// The same without the files of digests of one file alone: those of a whole folder and what is below it.
    init(in listing: Listing) { self.init(beside: listing, of: "") }

    /// Whether it is known which there are.
    var areKnown: Bool { names != nil }

    private static func isList(_ name: String) -> Bool {
        let name = name.lowercased()
        return ContentDigest.Function.allCases.contains { name.hasPrefix("\($0.rawValue.lowercased())sum") }
    }

    /// The lists of digests of all files of the folder. One of which there is but a signature with the text inside counts as well.
    func lists(_ function: ContentDigest.Function) -> [String] {
        guard let names else { return [function.sums] }
        let usual = Self.usual(function)
        var seen: Set<String> = []
        return names.map(Self.unsigned).filter { usual.contains($0.lowercased()) && seen.insert($0).inserted }
    }

    private static func usual(_ function: ContentDigest.Function) -> [String] {
        let plain = function.sums.lowercased()
        return [plain, "\(plain.dropLast())", "\(plain).txt", "\(plain.dropLast()).txt"]
    }

    /// A name without the end of a signature.
    static func unsigned(_ name: String) -> String {
        signatureEnds.first(where: name.hasSuffix).map { String(name.dropLast($0.count)) } ?? name
    }

    private static let signatureEnds = [".gpg", ".asc", ".sign", ".sig"]

    /// What may be the signature of a list.
    func signatures(of list: String) -> [String] {
        guard let names else { return [".gpg", ".asc"].map { list + $0 } }
        return Self.signatureEnds.map { list + $0 }.filter(names.contains)
    }

    /// The files that have the digest of a file alone.
    func own(_ function: ContentDigest.Function, of file: String) -> [String] {
        guard let names else { return ["\(file).\(function.rawValue.lowercased())"] }
        return Self.own(function, of: file).filter(names.contains)
    }

    private static func own(_ function: ContentDigest.Function, of file: String) -> [String] {
        let end = function.rawValue.lowercased()
        return ["\(file).\(end)", "\(file).\(end)sum", "\(file).\(end).txt"]
    }

    /// Whether one may be there.
    func mayHave(_ name: String) -> Bool { names?.contains(name) ?? true }
}
