import DevboxCore
import FoundationEssentials
import Packages
import SystemPackage

/// A suite of an apt repository: signed InRelease, the indexes that it names, and the pool.
struct AptRepository: Hashable {
    /// What the paths of its indexes begin at.
    let root: Address
    /// "bookworm"; with a slash at its end a flat repository's folder.
    let suite: String
    /// "main", …; none for a flat one.
    let components: [String]
    let keyrings: [Keyring]
    /// Fingerprints of the keys that count; empty for all of the keyrings.
    var signers: [String] = []

    /// How large a Packages index may be, unpacked.
    static let largestIndex: Int64 = 2 << 30

    private func folder() throws -> Address {
        let parts = suite.split(separator: "/").map(String.init).filter { $0 != "." }
        let path = suite.hasSuffix("/") ? parts : ["dists"] + parts
        return try path.reduce(root) { try $0.folder($1) }
    }

    /// Its Release file, as far as the signature reaches.
    func release(with context: SourceContext) throws -> ReleaseFile {
        let address = try folder().file("InRelease")
        guard !keyrings.isEmpty else {
            throw FetchError.unsigned(
                address, reason: "cannot be checked: the source has no keyring",
                hint: "name one in devbox.yaml: keyring: FILE")
        }
        guard let signed = try context.reader.content(of: address, limit: 64 << 20) else {
            throw FetchError.absent(address)
        }
        let text = try context.signatures.text(of: signed, at: address, keyrings: keyrings, signers: signers)
        let release = try ReleaseFile(text, name: address.description)
        try release.checkTime(Date(), at: address)
        return release
    }

    /// Asks it whether it is there, and has the components that are wanted of it.
    func probe(with context: SourceContext) throws {
        try check(release(with: context))
    }

    /// The paragraphs of packages in its indexes, none of them twice.
    ///
    /// - Throws: `notFound`, where it has no such component, or what keeps an index from coming.
    func stanzas(of packages: [String], _ architecture: Architecture, with context: SourceContext) throws
        -> (stanzas: [ControlStanza], release: ReleaseFile)
    {
        let release = try release(with: context)
        try check(release)
        var stanzas: [ControlStanza] = []
        var seen: Set<String> = []
        for path in paths(architecture, release) {
            guard let file = try open(path, release, with: context) else { continue }
            defer { try? file.close() }
            // The unpacked size is in the signed file too.
            let limit = release.indexes[path]?.size ?? Self.largestIndex
            stanzas += try StanzaSearch.search(
                file, for: packages, name: try folder().descendant(path).description, limit: limit
            ).filter { stanza in
                // What has no file is refused later; here it is not taken for the same as another one.
                stanza["Filename"].map { seen.insert($0).inserted } ?? true
            }
        }
        return (stanzas, release)
    }

    /// Where the indexes of an architecture are, the first one counting most.
    private func paths(_ architecture: Architecture, _ release: ReleaseFile) -> [String] {
        if components.isEmpty { return ["Packages"] }
        let folders = [architecture.rawValue] + (release.hasIndexOfAll ? ["all"] : [])
        return components.flatMap { component in folders.map { "\(component)/binary-\($0)/Packages" } }
    }

    /// Throws where the Release file has no such component, or no packages at all.
    private func check(_ release: ReleaseFile) throws {
        let address = try folder().file("InRelease")
        guard !components.isEmpty else {
            guard release.indexes.keys.contains(where: { $0 == "Packages" || $0.hasPrefix("Packages.") }) else {
                throw Failure(.notFound, "\(address) lists no index of packages (Packages)")
            }
            return
        }
        let there = release.components
        guard let missing = components.first(where: { !there.contains($0) }) else { return }
        let names = there.sorted()
        let some = names.prefix(8).map { Names.printable($0) }.joined(separator: ", ")
        let list = names.isEmpty ? "it has none" : "it has \(some)\(names.count > 8 ? " and others" : "")"
        throw Failure(.notFound, "\(address) has no component \(Names.printable(missing)): \(list)")
    }

    /// The compressions that an index may have, the best first.
    private static let forms = [".xz", ".gz", ".zst", ".bz2", ".lzma", ".lz4", ""]

    /// An index in the first of its forms that the server has; nil where the Release file lists none.
    private func open(_ path: String, _ release: ReleaseFile, with context: SourceContext) throws -> FileDescriptor? {
        var missing: (any Error)?
        for index in Self.forms.compactMap({ release.indexes[path + $0] }) {
            do {
                return try AptIndexes(context: context).open(index, at: addresses(of: index, release))
            } catch  where AptIndexes.isMissing(error) {
                missing = missing ?? error
            }
        }
        let strange = Self.strangeForms(of: path, in: release)
        guard strange.isEmpty else {
            throw FetchError.refused(
                try folder().file("InRelease"),
                reason: "has \(path) only as \(strange.joined(separator: ", ")), which devbox cannot read",
                hint: "devbox reads \(Self.forms.filter { !$0.isEmpty }.joined(separator: ", "))")
        }
        if let missing { throw missing }
        return nil
    }

    private static func strangeForms(of path: String, in release: ReleaseFile) -> [String] {
        release.indexes.keys.filter { $0.hasPrefix("\(path).") }.map { String($0.dropFirst(path.count)) }
            // Packages.diff/Index is no form of it.
            .filter { !forms.contains($0) && !$0.contains("/") }.sorted()
    }

    /// Where an index is. One that is asked for by its digest is there in the middle of an update too; but not every server keeps it.
    private func addresses(of index: ReleaseFile.Index, _ release: ReleaseFile) throws -> [Address] {
        let plain = try folder().descendant(index.path)
        guard release.byHash else { return [plain] }
        return [try plain.parent.folder("by-hash").folder("SHA256").file(index.sha256.description), plain]
    }
}
