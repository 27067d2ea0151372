import DevboxCore
import FoundationEssentials
import Packages
import SystemPackage

/// A suite of an apt repository: its signed Release file, the indexes that it names, and the pool.
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
        let (place, text) = try signed(with: context)
        let release = try ReleaseFile(text, name: place.description)
        try release.checkTime(Date(), at: place)
        return release
    }

    /// InRelease, or where that is not there Release with its signature in Release.gpg: what of it is signed.
    private func signed(with context: SourceContext) throws -> (Address, [UInt8]) {
        let (one, plain, signature) = try (
            folder().file("InRelease"), folder().file("Release"), folder().file("Release.gpg")
        )
        let missing: any Error
        do {
            if let signed = try context.reader.content(of: one, limit: Self.largestRelease) {
                return (one, try context.signatures.text(of: signed, at: one, keyrings: keyrings, signers: signers))
            }
            missing = FetchError.absent(one)
        } catch  where SourceReader.isMissing(error) {
            missing = error
        }
        let apart = try context.reader.contents(of: [plain, signature], limit: Self.largestRelease)
        guard let text = try SourceReader.unlessMissing(apart[0]) else { throw missing }
        guard let detached = try SourceReader.unlessMissing(apart[1]) else {
            throw FetchError.unsigned(
                plain, reason: "has no signature: there is no InRelease and no Release.gpg",
                hint: "the repository is not used")
        }
        try context.signatures.check(detached, at: plain, of: text, keyrings: keyrings, signers: signers)
        return (plain, text)
    }

    private static let largestRelease = 64 << 20

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
            } catch  where SourceReader.isMissing(error) {
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
        return [
            try plain.parent.folder("by-hash").folder(index.digest.function.rawValue).file(index.digest.description),
            plain,
        ]
    }
}
