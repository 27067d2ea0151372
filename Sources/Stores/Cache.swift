import DevboxCore
import Glibc
import SystemPackage

/// A folder of cache/: files or folders that can be made again, by names that say all of what they depend on.
///
/// Whoever finds an entry counts as its user; what nobody used for longest goes first when a bound is passed. Nothing here is synced:
/// an entry that a power cut spoils is one that its user finds spoilt, and makes again. That too much of it stays is no reason to fail.
public struct Cache: Sendable {
    /// The work directory.
    public let work: WorkDirectory
    /// Where the entries are; it need not exist before one is kept.
    public let folder: FilePath
    /// What is kept of it.
    public let bounds: CacheBounds

    /// - Parameters:
    ///   - name: which of the work directory's caches.
    ///   - bounds: what is kept of it.
    public init(_ name: CacheName, in work: WorkDirectory, keeping bounds: CacheBounds = CacheBounds()) {
        self.work = work
        folder = work.cache(name)
        self.bounds = bounds
    }

    /// Where an entry is; it need not exist.
    public func path(_ name: String) -> FilePath { folder.appending(name) }

    /// Makes the folder where it is missing, closed to others.
    public func prepare() throws {
        if !Files.exists(folder) { try work.own(folder, mode: 0o700) }
    }

    /// Notes that an entry is used now.
    public func use(_ name: String) {
        utimensat(AT_FDCWD, path(name).string, nil, AT_SYMLINK_NOFOLLOW)
    }

    /// Begins an entry that is a folder, or a file in one. It is gone again when the value goes away without `finish`.
    public func begin(_ name: String) throws -> UnfinishedFolder {
        try prepare()
        try UnfinishedFolder.sweep(folder)
        return try UnfinishedFolder(for: name, in: folder)
    }

    /// Puts a folder into place as an entry, and removes what is too much. One that another devbox has made meanwhile is as good.
    public func finish(_ unfinished: consuming UnfinishedFolder, as name: String) throws {
        try work.giveTree(unfinished.path)
        do {
            try unfinished.finish(as: path(name))
        } catch let error as Failure where error.exitCode == .exists {
            return use(name)
        }
        try? evict(keeping: name)
    }

    /// Puts a file into place as an entry, also of one that is there, and removes what is too much.
    public func take(_ file: FilePath, as name: String) throws {
        try Files.rename(file, to: path(name))
        try? evict(keeping: name)
    }

    /// A small entry's bytes; nil where there is none.
    ///
    /// - Parameter limit: one that is larger is none.
    public func bytes(_ name: String, limit: Int = 1 << 16) -> [UInt8]? {
        guard let bytes = try? Files.read(path(name), limit: limit) else { return nil }
        use(name)
        return bytes
    }

    /// Keeps a small entry.
    public func keep(_ bytes: some Sequence<UInt8>, as name: String) throws {
        try prepare()
        let isNew = !Files.exists(path(name))
        try Files.writeAtomically(bytes, to: path(name), isDurable: false)
        // Of what replaces an entry there are no more than before.
        if isNew { try? evict(keeping: name) }
    }

    /// Holds the making of an entry, which others wait for; the entry may be there when it has come.
    ///
    /// - Parameters:
    ///   - name: the entry's.
    ///   - what: what it is, for those who wait.
    ///   - purpose: what it is made for.
    ///   - patience: how long to wait for another one.
    public func lock(_ name: String, of what: String, for purpose: String, patience: Duration) throws -> CacheLock {
        try prepare()
        return try CacheLock(path(".\(name).lock"), of: what, for: purpose, patience: patience)
    }
}
