import Archives
import DevboxCore
import Stores
import SystemPackage

/// Packages of which data.tar has been decoded once, as .debs with an uncompressed data.tar, which dpkg takes as they are.
///
/// They lie in `cache/packages/<sha256 of the original>.deb`, out of the guests' reach. What was used longest ago goes first where
/// they take too much; each is opened before it is handed out, so that it stays readable if another devbox removes its name.
public struct DecodedCache: Sendable {
    let cache: Cache

    /// - Parameters:
    ///   - work: the work directory.
    ///   - sizeLimit: how much they may take together, in bytes.
    public init(_ work: WorkDirectory, sizeLimit: Int64 = 4 << 30) {
        cache = Cache(.decodedPackages, in: work, keeping: CacheBounds(bytes: sizeLimit))
    }

    /// Where they lie.
    public var directory: FilePath { cache.folder }

    static func name(_ digest: SHA256Digest) -> String { "\(digest).deb" }

    /// The decoded package of an original's digest, open; nil where there is none. Counts as a use of it.
    ///
    /// One that is not whole, as a power cut may leave it, is removed.
    public func lookUp(_ digest: SHA256Digest) -> DebPackage? {
        let path = cache.path(Self.name(digest))
        guard Files.exists(path) else { return nil }
        guard let package = try? DebPackage(path), package.dataMember.compression == .none else {
            try? Files.remove(path)
            return nil
        }
        cache.use(Self.name(digest))
        return package
    }

    /// Begins to write a decoded package; `finish` of what is returned makes it visible.
    ///
    /// - Parameters:
    ///   - package: the original.
    ///   - digest: the original's digest.
    public func begin(_ package: DebPackage, digest: SHA256Digest) throws -> DecodedCacheWriter {
        try DecodedCacheWriter(self, package, digest)
    }
}
