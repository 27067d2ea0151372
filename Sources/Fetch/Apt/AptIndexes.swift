import DevboxCore
import Glibc
import SystemPackage

/// The indexes of apt repositories in cache/indexes, each named by its digest: one is fetched once.
struct AptIndexes {
    let context: SourceContext

    /// How long an index that nobody uses is kept, in seconds.
    static let patience = 7 * 86_400

    private var folder: FilePath { context.work.cache.appending("indexes") }

    /// An index that a Release file lists, open at its start; it is what its digest says.
    ///
    /// - Parameter addresses: where it is; each counts where the server has nothing at those before it.
    func open(_ index: ReleaseFile.Index, at addresses: [Address]) throws -> FileDescriptor {
        if !Files.exists(folder) { try context.work.own(folder, mode: 0o700) }
        if let file = try kept(index) { return file }
        let path = folder.appending("\(index.sha256.description.prefix(16)).lock")
        let lock = try lock(path, of: index)
        defer {
            try? Files.remove(path)
            withExtendedLifetime(lock.descriptor) {}
        }
        if let file = try kept(index) { return file }
        try bring(index, from: addresses)
        guard let file = try kept(index) else { throw Failure(.failure, "the index \(index.path) vanished") }
        removeUnused()
        return file
    }

    /// Whether an error says that a server, or a folder of the host, does not have a file.
    static func isMissing(_ error: any Error) -> Bool {
        switch error {
        // A store of objects may say of what is not there that nobody may see it.
        case FetchError.status(_, let code): [403, 404, 410].contains(code)
        case let failure as Failure: failure.exitCode == .notFound
        default: false
        }
    }

    /// One that is there already. Counts as a use of it.
    private func kept(_ index: ReleaseFile.Index) throws -> FileDescriptor? {
        let path = folder.appending(index.sha256.description)
        guard Files.exists(path) else { return nil }
        let file = try Files.open(path, .readOnly, .noFollow)
        var isIntact = false
        defer { if !isIntact { try? file.close() } }
        isIntact = try SHA256Digest(of: file, name: path.string) == index.sha256
        guard isIntact else { return nil }
        lseek(file.rawValue, 0, SEEK_SET)
        // Now, and now.
        futimens(file.rawValue, nil)
        return file
    }

    /// Waits for others that bring the same index.
    private func lock(_ path: FilePath, of index: ReleaseFile.Index) throws -> FileLock {
        while true {
            let lock = try FileLock(
                path, of: "the index \(index.path)", for: "fetch", patience: .seconds(3600))
            var held = stat()
            // Who had it before has removed it, and others may hold a new one by now.
            if fstat(lock.descriptor.rawValue, &held) == 0, let named = try? Files.status(path),
                named.st_ino == held.st_ino, named.st_dev == held.st_dev
            {
                return lock
            }
        }
    }

    private func bring(_ index: ReleaseFile.Index, from addresses: [Address]) throws {
        var missing: any Error = Failure(.notFound, "the index \(index.path) is nowhere")
        for address in addresses {
            do {
                return try bring(index, from: address)
            } catch  where Self.isMissing(error) {
                missing = error
            }
        }
        throw missing
    }

    private func bring(_ index: ReleaseFile.Index, from address: Address) throws {
        let request = Downloader.Request(
            address: address, key: PartKey(address), size: .exact(index.size), limit: index.size, expected: index.sha256
        )
        let came = try context.downloader.bring(request)
        let digest = try came.digest()
        guard digest == index.sha256 else {
            came.part.remove()
            throw FetchError.wrongDigest(address, expected: index.sha256, by: "the signed InRelease", got: digest)
        }
        try Files.rename(came.file(), to: folder.appending(index.sha256.description))
        came.part.removeNotes()
    }

    /// Removes what nobody has used for a while. Who has one open reads on undisturbed.
    private func removeUnused() {
        let oldest = time(nil) - Self.patience
        for name in (try? Files.list(folder)) ?? [] {
            let path = folder.appending(name)
            guard let status = try? Files.status(path), status.st_mode & S_IFMT == S_IFREG,
                status.st_mtim.tv_sec < oldest, !name.hasSuffix(".lock") || !isLocked(path)
            else { continue }
            try? Files.remove(path)
        }
    }

    private func isLocked(_ path: FilePath) -> Bool {
        guard let file = try? Files.open(path, .readOnly, .noFollow) else { return true }
        defer { try? file.close() }
        return flock(file.rawValue, LOCK_EX | LOCK_NB) != 0
    }
}
