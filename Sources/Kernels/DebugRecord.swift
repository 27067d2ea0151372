import Binaries
import DevboxCore
import FoundationEssentials
import Stores

/// What is known of a kernel's symbols in the debug store: records/debug/<build-id>.json, where no guest can change it.
public struct DebugRecord: StoredRecord {
    /// The debug store.
    public static let store = StoreName.debug
    /// The format that this devbox writes; a newer one is refused.
    public static let currentVersion = 1
    /// The format of the file that it was read from.
    public var version = Self.currentVersion
    /// Of the kernel's vmlinux.
    public var buildID: BuildID
    /// The kernel's version, as `uname -r` says it.
    public var kernel: String
    /// The package that it came from.
    public var package: Package
    /// The vmlinux with its symbols.
    public var vmlinux: StoredFile
    /// How many modules' symbols there are beside it.
    public var modules: Int
    /// When it was put there.
    public var addedAt: Date
    /// The command that put it there.
    public var command: String

    /// A package by name and digest.
    public struct Package: Sendable, Codable, Equatable {
        /// The binary package's name.
        public var name: String
        /// With epoch and revision.
        public var version: String
        /// Of the .deb file.
        public var sha256: SHA256Digest
    }

    /// A file in the store, as it was when it was written.
    public struct StoredFile: Sendable, Codable, Equatable {
        /// In bytes.
        public var size: Int64
        /// Of all of it.
        public var sha256: SHA256Digest
    }

    /// The folder of its build-id.
    public var place: [String] { [buildID.description] }
    /// Its vmlinux.
    public var content: StoredContent {
        StoredContent(DebugStore.vmlinuxName, size: vmlinux.size, sha256: vmlinux.sha256)
    }

    /// The members of the file that devbox knows; others are kept as they are.
    public enum Keys: String, CodingKey, CaseIterable {
        case version, buildID, kernel, package, vmlinux, modules, addedAt, command
    }
}
