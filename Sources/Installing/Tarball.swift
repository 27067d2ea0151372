import DevboxCore
import FoundationEssentials
import Guests
import SystemPackage

/// A tar.xz file whose members belong at their own paths in a guest: a package of a distribution that is not the guest's, or of none.
public struct Tarball: Sendable {
    /// The package that it is.
    public let name: String
    /// That package's version.
    public let version: String
    /// By Debian's names.
    public let architecture: String
    /// Of the whole file.
    public let digest: SHA256Digest
    /// Where it is, for messages and for the guest's record.
    public let path: FilePath
    /// Opens it at its start; throws where it is not what the digest says any more.
    let open: @Sendable () throws -> FileDescriptor

    /// - Parameters:
    ///   - name: the package that it is.
    ///   - version: that package's version.
    ///   - architecture: by Debian's names.
    ///   - digest: of the whole file.
    ///   - path: where it is.
    ///   - open: opens it at its start for whoever closes it; throws where it is not what the digest says any more.
    public init(
        name: String, version: String, architecture: String, digest: SHA256Digest, path: FilePath,
        open: @escaping @Sendable () throws -> FileDescriptor
    ) {
        (self.name, self.version, self.architecture) = (name, version, architecture)
        (self.digest, self.path, self.open) = (digest, path, open)
    }

    /// What a guest's record says of it.
    func installed(at time: Date, by command: String) -> GuestRecord.InstalledFile {
        .init(
            name: name, version: version, architecture: architecture, sha256: digest,
            file: path.lastComponent?.string ?? "", installedAt: time, command: command)
    }
}
