import DevboxCore
import FoundationEssentials
import Packages

/// An apt repository's Release file, as far as it is signed: which indexes there are, with their digests. See
/// https://wiki.debian.org/DebianRepository/Format.
struct ReleaseFile {
    /// A file that the release vouches for: its path below the release's folder, its size in bytes, its digest.
    struct Index: Equatable {
        let path: String
        let size: Int64
        let digest: ContentDigest
    }

    /// The files that it vouches for, by their paths.
    let indexes: [String: Index]
    /// Whether indexes can be had by their digest, so that an update in the middle does no harm.
    let byHash: Bool
    /// When it ceases to be valid; nil for never.
    let validUntil: Date?
    /// When it was made.
    private let made: Date?
    /// Its components, as their names stand in the paths of indexes.
    let components: Set<String>
    /// Whether packages for every architecture have an index of their own, and may be in no other one.
    let hasIndexOfAll: Bool

    /// The day that it was made on.
    var day: CalendarDay? { made.map { CalendarDay(secondsSince1970: Int64($0.timeIntervalSince1970)) } }

    /// - Parameter name: what messages call it.
    /// - Throws: `badInput`, where it has neither SHA-256 nor SHA-512 digests, or does not tell when it ceases to be valid though it says so.
    init(_ bytes: [UInt8], name: String) throws {
        guard
            let stanza = try ControlReader.stanzas(
                of: bytes, name: name, limits: .init(field: 64 << 20, stanza: 64 << 20)
            ).first,
            let function = ContentDigest.Function.allCases.first(where: { stanza[$0.rawValue] != nil }),
            let list = stanza[function.rawValue]
        else { throw Failure(.badInput, "\(name) has no SHA-256 and no SHA-512 digests") }
        indexes = try Self.indexes(list, function, name: name)
        byHash = stanza["Acquire-By-Hash"]?.lowercased() == "yes"
        validUntil = try stanza["Valid-Until"].map { text in
            guard let date = HTTPDate.read(text) else {
                throw Failure(.badInput, "\(name) is damaged: its Valid-Until '\(Names.printable(text))' is no date")
            }
            return date
        }
        made = stanza["Date"].flatMap { HTTPDate.read($0) }
        components = Self.components(stanza["Components"] ?? "", indexes.keys)
        // "all" may have indexes that are listed, and yet not kept up, because no apt reads them.
        let architectures = (stanza["Architectures"] ?? "").split(whereSeparator: \.isWhitespace)
        hasIndexOfAll =
            (architectures.isEmpty || architectures.contains("all"))
            && stanza["No-Support-for-Architecture-all"]?.split(separator: " ").contains("Packages") != true
    }

    private static func indexes(_ list: String, _ function: ContentDigest.Function, name: String) throws -> [String:
        Index]
    {
        var indexes: [String: Index] = [:]
        for line in list.utf8.split(separator: 0x0A) {
            let words = line.split(separator: 0x20)
            guard words.count == 3, let digest = ContentDigest(function, digits: words[0]),
                let size = Int64(String(words[1]) ?? ""),
                size >= 0, let text = String(words[2])
            else { throw Failure(.badInput, "\(name) is damaged: its \(function.rawValue) list cannot be read") }
            let path = text.hasPrefix("./") ? String(text.dropFirst(2)) : text
            indexes[path] = Index(path: path, size: size, digest: digest)
        }
        return indexes
    }

    /// What stands before "/binary-amd64/Packages", and what the field names: "main", "updates/main".
    private static func components(_ field: String, _ paths: some Sequence<String>) -> Set<String> {
        var found: Set<String> = []
        for name in field.split(whereSeparator: \.isWhitespace) {
            // A suite inside another one has its name in front here, and not in the paths.
            found.insert(String(name.split(separator: "/").last ?? name))
        }
        for path in paths {
            let parts = path.split(separator: "/")
            guard let end = parts.firstIndex(where: { $0.hasPrefix("binary-") }), end > 0 else { continue }
            found.insert(parts[..<end].joined(separator: "/"))
        }
        return found
    }

    /// Throws `FetchError.unsigned` where it is not valid any more, or not yet.
    func checkTime(_ now: Date, at address: Address) throws {
        if let validUntil, validUntil < now {
            throw FetchError.unsigned(
                address, reason: "was valid until \(validUntil.formatted(.iso8601)) only",
                hint: "the source is not kept up, or somebody holds updates back")
        }
        // Clocks differ, and so do time zones that somebody forgot.
        if let made, made > now.addingTimeInterval(86_400) {
            throw FetchError.unsigned(
                address, reason: "is not valid yet: it was made at \(made.formatted(.iso8601))",
                hint: "the clock of this machine may be wrong")
        }
    }
}
