import Archives
import DevboxCore
import Glibc
import SystemPackage

/// Packages of which data.tar has been decoded once, as .debs with an uncompressed data.tar, which dpkg takes as they are.
///
/// They lie in `cache/packages/<sha256 of the original>.deb`, out of the guests' reach. What was used longest ago goes first where
/// they take too much; each is opened before it is handed out, so that it stays readable if another devbox removes its name.
public struct DecodedCache: Sendable {
    let work: WorkDirectory
    /// Where they lie.
    public let directory: FilePath
    /// How much they may take together, in bytes.
    public let sizeLimit: Int64

    /// - Parameters:
    ///   - work: the work directory.
    ///   - sizeLimit: how much they may take together, in bytes.
    public init(_ work: WorkDirectory, sizeLimit: Int64 = 4 << 30) {
        self.work = work
        self.sizeLimit = sizeLimit
        directory = work.decodedPackages
    }

    /// The decoded package of an original's digest, open; nil where there is none. Counts as a use of it.
    ///
    /// One that is not whole, as a power cut may leave it, is removed.
    public func lookUp(_ digest: SHA256Digest) -> DebPackage? {
        let path = self.path(digest)
        guard Files.exists(path) else { return nil }
        guard let package = try? DebPackage(path), package.dataMember.compression == .none else {
            try? Files.remove(path)
            return nil
        }
        // Now, and now.
        futimens(package.file.descriptor.rawValue, nil)
        return package
    }

    /// Begins to write a decoded package; `finish` of what is returned makes it visible.
    ///
    /// - Parameters:
    ///   - package: the original.
    ///   - digest: the original's digest.
    public func begin(_ package: DebPackage, digest: SHA256Digest) throws -> DecodedCacheWriter {
        try work.own(directory, mode: 0o700)
        for name in try Files.list(directory) where name.hasPrefix(UnfinishedFolder.prefix) {
            UnfinishedFolder.removeIfAbandoned(directory.appending(name))
        }
        return try DecodedCacheWriter(self, package, digest)
    }

    func path(_ digest: SHA256Digest) -> FilePath { directory.appending("\(digest).deb") }

    /// Removes what was used longest ago until the rest is small enough; `kept` stays in any case.
    func evict(keeping kept: FilePath) throws {
        var entries: [(path: FilePath, used: Int64, size: Int64)] = []
        for name in try Files.list(directory) where name.hasSuffix(".deb") {
            let path = directory.appending(name)
            // Another devbox may be at it too.
            guard let status = try? Files.status(path) else { continue }
            entries.append((path, status.modifiedNanoseconds, Int64(status.st_blocks) * 512))
        }
        var total = entries.reduce(0) { $0 + $1.size }
        for entry in entries.sorted(by: { $0.used < $1.used }) where entry.path != kept {
            guard total > sizeLimit else { return }
            try Files.remove(entry.path)
            total -= entry.size
        }
    }
}
