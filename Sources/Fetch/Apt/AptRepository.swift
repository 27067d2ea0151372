import DevboxCore
import FoundationEssentials
import Glibc
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
            throw FetchError.status(address, code: 404)
        }
        let text = try context.signatures.text(of: signed, at: address, keyrings: keyrings, signers: signers)
        let release = try ReleaseFile(text, name: address.description)
        try release.checkTime(Date(), at: address)
        return release
    }

    /// The paragraphs of packages in its indexes.
    func stanzas(of packages: [String], _ architecture: Architecture, with context: SourceContext) throws
        -> (stanzas: [ControlStanza], release: ReleaseFile)
    {
        let release = try release(with: context)
        let paths =
            components.isEmpty
            ? ["Packages"] : components.map { "\($0)/binary-\(architecture.rawValue)/Packages" }
        var stanzas: [ControlStanza] = []
        for path in paths {
            guard let index = [".xz", ".gz", ".zst", ""].lazy.compactMap({ release.indexes[path + $0] }).first else {
                continue
            }
            // The unpacked size is in the signed file too.
            let limit = release.indexes[path]?.size ?? Self.largestIndex
            let file = try bring(index, release, with: context)
            defer { try? file.close() }
            stanzas += try StanzaSearch.search(
                file, for: packages, name: try folder().descendant(index.path).description, limit: limit)
        }
        return (stanzas, release)
    }

    /// An index, from the cache where it is there already, open at its start; it is what its digest says.
    private func bring(_ index: ReleaseFile.Index, _ release: ReleaseFile, with context: SourceContext) throws
        -> FileDescriptor
    {
        let kept = context.work.cache.appending("indexes")
        if !Files.exists(kept) { try context.work.own(kept, mode: 0o700) }
        let path = kept.appending(index.sha256.description)
        func open() throws -> FileDescriptor? {
            guard Files.exists(path) else { return nil }
            let file = try Files.open(path, .readOnly, .noFollow)
            var isIntact = false
            defer { if !isIntact { try? file.close() } }
            isIntact = try SHA256Digest(of: file, name: path.string) == index.sha256
            lseek(file.rawValue, 0, SEEK_SET)
            return isIntact ? file : nil
        }
        if let file = try open() { return file }
        let plain = try folder().descendant(index.path)
        let address =
            release.byHash
            ? try plain.parent.folder("by-hash").folder("SHA256").file(index.sha256.description) : plain
        let lock = try FileLock(
            kept.appending("\(index.sha256.description.prefix(16)).lock"), of: "the index \(plain)", for: "fetch",
            patience: .seconds(3600))
        defer { withExtendedLifetime(lock.descriptor) {} }
        if let file = try open() { return file }
        let request = Downloader.Request(
            address: address, key: PartKey(address), size: .exact(index.size), limit: index.size, expected: index.sha256
        )
        let came = try context.downloader.bring(request)
        guard came.sha256 == index.sha256 else {
            came.part.remove()
            throw FetchError.wrongDigest(
                address, expected: index.sha256, by: "the signed InRelease", got: came.sha256)
        }
        try Files.rename(came.file(), to: path)
        came.isNoPartAnyMore()
        try? Files.remove(kept.appending("\(index.sha256.description.prefix(16)).lock"))
        guard let file = try open() else { throw Failure(.failure, "\(path) vanished") }
        return file
    }
}
