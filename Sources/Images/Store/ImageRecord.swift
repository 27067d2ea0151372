import Boot
import Disks
import DevboxCore
import FoundationEssentials

/// What is known of a base disk: images/<image>/image.json.
public struct ImageRecord: Record {
    /// The format that this devbox writes; a newer one is refused.
    public static let currentVersion = 1
    /// The format of the file that it was read from.
    public var version = Self.currentVersion
    /// What it is called in this work directory; its folder's name too.
    public var name: String
    /// Of its programs and kernels.
    public var architecture: Architecture
    /// The distribution on it.
    public var release: Release
    /// When it was built or imported.
    public var createdAt: Date
    /// How it came to be.
    public var origin: Origin
    /// Its disk, as it was when it was made.
    public var disk: BaseDisk
    /// Where its root file system is on the disk.
    public var root: RootFileSystem
    /// The installed kernels whose boot files are in boot/, newest first; the first starts.
    public var kernels: [BootKernel]

    /// How the image came to be.
    public struct Origin: Sendable, Codable {
        /// "build" or "import".
        public var kind: String
        /// The command that made it.
        public var command: String
        /// An imported file's path.
        public var file: String?
        /// Of an imported file.
        public var sha256: SHA256Digest?
        /// Each package of a built image: name, version, architecture.
        public var packages: [InstalledPackage]?
        /// The user's word on whether the image's disk may be mounted by the host's kernel; nil where none was given.
        public var trusted: Bool?

        /// - Parameters:
        ///   - kind: "build" or "import".
        ///   - command: the command that made it.
        ///   - file: an imported file's path.
        ///   - sha256: of an imported file.
        ///   - packages: those of a built image.
        ///   - trusted: the user's word on an imported one.
        public init(
            kind: String, command: String, file: String? = nil, sha256: SHA256Digest? = nil,
            packages: [InstalledPackage]? = nil, trusted: Bool? = nil
        ) {
            (self.kind, self.command, self.file, self.sha256) = (kind, command, file, sha256)
            (self.packages, self.trusted) = (packages, trusted)
        }

        /// Whether the host's kernel may mount the image's disk unasked: one that devbox built, and any other that the user said so of.
        public var isTrusted: Bool { trusted ?? (kind == "build") }
    }

    /// The members of the file that devbox knows; others are kept as they are.
    public enum Keys: String, CodingKey, CaseIterable {
        case version, name, architecture, release, createdAt, origin, disk, root, kernels
    }

    /// A new image of which `disk` was just made; its file says version 1.
    public init(
        name: String, architecture: Architecture, release: Release, createdAt: Date, origin: Origin, disk: BaseDisk,
        root: RootFileSystem, kernels: [BootKernel]
    ) {
        self.name = name
        self.architecture = architecture
        self.release = release
        self.createdAt = createdAt
        self.origin = origin
        self.disk = disk
        self.root = root
        self.kernels = kernels
    }
}

/// A package as dpkg knows it.
public struct InstalledPackage: Sendable, Codable, Equatable {
    /// The binary package's name, without its architecture.
    public var name: String
    /// With epoch and revision, see deb-version(7).
    public var version: String
    /// By Debian's names; "all" for those that fit each.
    public var architecture: String

    /// A package as a line of `dpkg-query -W` tells it.
    public init(name: String, version: String, architecture: String) {
        (self.name, self.version, self.architecture) = (name, version, architecture)
    }
}

/// The distribution on a disk, from its os-release(5).
public struct Release: Sendable, Codable, Equatable {
    /// "debian".
    public var id: String
    /// "12"; testing has none.
    public var versionID: String?
    /// "bookworm".
    public var codename: String?
    /// "Debian GNU/Linux 12 (bookworm)".
    public var prettyName: String

    /// A distribution whose os-release(5) was read elsewhere.
    public init(id: String, versionID: String?, codename: String?, prettyName: String) {
        (self.id, self.versionID, self.codename, self.prettyName) = (id, versionID, codename, prettyName)
    }

    /// Reads os-release(5).
    public init(osRelease text: String) {
        var fields: [String: String] = [:]
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: "=", maxSplits: 1)
            guard parts.count == 2 else { continue }
            fields[String(parts[0])] = parts[1].trimmingPrefix { $0 == "\"" || $0 == "'" }.reversed()
                .drop { $0 == "\"" || $0 == "'" }.reversed().map(String.init).joined()
        }
        id = fields["ID"] ?? "linux"
        versionID = fields["VERSION_ID"]
        codename = fields["VERSION_CODENAME"]
        prettyName = fields["PRETTY_NAME"] ?? id
    }
}

/// The file of a base disk: enough to notice that somebody wrote to it.
public struct BaseDisk: Sendable, Codable, Equatable {
    /// The disk's size in bytes, as a guest sees it.
    public var virtualSize: Int64
    /// Of the qcow2 file.
    public var sha256: SHA256Digest
    /// The qcow2 file's size in bytes.
    public var fileSize: Int64
    /// The qcow2 file's modification time, in nanoseconds since 1970.
    public var modified: Int64

    /// A qcow2 file of `fileSize` bytes that a guest sees as `virtualSize` bytes, last written at `modified` ns since 1970.
    public init(virtualSize: Int64, sha256: SHA256Digest, fileSize: Int64, modified: Int64) {
        (self.virtualSize, self.sha256, self.fileSize, self.modified) = (virtualSize, sha256, fileSize, modified)
    }
}
