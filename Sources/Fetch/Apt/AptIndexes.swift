import DevboxCore
import Glibc
import Stores
import SystemPackage

/// The indexes of apt repositories in cache/indexes, each named by its digest: one is fetched once.
struct AptIndexes {
    private let context: SourceContext
    private let cache: Cache

    /// - Parameter context: what brings them.
    init(context: SourceContext) {
        self.context = context
        cache = Cache(.indexes, in: context.work, keeping: CacheBounds(age: .seconds(7 * 86_400)))
    }

    /// An index that a Release file lists, open at its start; it is what its digest says.
    ///
    /// - Parameter addresses: where it is; each counts where the server has nothing at those before it.
    func open(_ index: ReleaseFile.Index, at addresses: [Address]) throws -> FileDescriptor {
        if let file = try kept(index) { return file }
        // Others that bring the same index are waited for.
        let lock = try cache.lock(
            String(index.digest.description.prefix(16)), of: "the index \(index.path)", for: "fetch",
            patience: .seconds(3600))
        defer { withExtendedLifetime(lock) {} }
        if let file = try kept(index) { return file }
        try bring(index, from: addresses)
        guard let file = try kept(index) else { throw Failure(.failure, "the index \(index.path) vanished") }
        return file
    }

    /// One that is there already. Counts as a use of it.
    private func kept(_ index: ReleaseFile.Index) throws -> FileDescriptor? {
        let name = index.digest.description
        let path = cache.path(name)
        guard Files.exists(path) else { return nil }
        let file = try Files.open(path, .readOnly, .noFollow)
        var isIntact = false
        defer { if !isIntact { try? file.close() } }
        isIntact = try index.digest.fits(file, name: path.string)
        guard isIntact else { return nil }
        lseek(file.rawValue, 0, SEEK_SET)
        cache.use(name)
        return file
    }

    private func bring(_ index: ReleaseFile.Index, from addresses: [Address]) throws {
        var missing: any Error = Failure(.notFound, "the index \(index.path) is nowhere")
        for address in addresses {
            do {
                return try bring(index, from: address)
            } catch  where SourceReader.isMissing(error) {
                missing = error
            }
        }
        throw missing
    }

    private func bring(_ index: ReleaseFile.Index, from address: Address) throws {
        let request = Downloader.Request(
            address: address, key: PartKey(address), size: .exact(index.size), limit: index.size, expected: index.digest
        )
        let came = try context.downloader.bring(request)
        let digest = try came.digest(index.digest.function)
        guard digest == index.digest else {
            came.part.remove()
            throw FetchError.wrongDigest(address, expected: index.digest, by: "the signed Release file", got: digest)
        }
        try cache.take(came.file(), as: index.digest.description)
        came.part.removeNotes()
    }
}
