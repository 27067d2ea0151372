import DevboxCore
import FoundationEssentials
import Boot
import Images

/// Everything that makes a guest what it is: guests/<guest>/guest.json.
public struct GuestRecord: Record {
    /// The format that this devbox writes; a newer one is refused.
    public static let currentVersion = 1
    /// The format of the file that it was read from.
    public var version = Self.currentVersion
    /// Its identity, which no other guest on any machine has; its name is only what it is called here.
    public var id: String
    /// What it is called in this work directory; its folder's name too.
    public var name: String
    /// When it was cloned.
    public var createdAt: Date
    /// The command that made it.
    public var command: String
    /// The image at the bottom, and that image's disk.
    public var image: ImageReference
    /// The guest that it was cloned from, where it was not the image.
    public var clonedFrom: String?
    /// Of its programs and kernels.
    public var architecture: Architecture
    /// The distribution that its image held when it was made.
    public var release: Release
    /// Where its root file system is on the disk.
    public var root: RootFileSystem
    /// How it starts next.
    public var mode: GuestMode
    /// What it does not share with the guest that it was cloned from.
    public var identity: Identity
    /// Memory of the virtual machine in bytes; a container has the host's.
    public var memory: Int64
    /// Processors of the virtual machine; a container has the host's.
    public var cpus: Int
    /// The installed kernels whose copies are in boot/, newest first.
    public var kernels: [BootKernel]
    /// The version that starts next; without one the newest.
    public var defaultKernel: String?
    /// Further arguments for the kernel.
    public var kernelArguments: [String]
    /// The packages that devbox installed, in that order; nil where it has installed none.
    public var packages: [InstalledFile]?
    /// Oldest first.
    public var snapshots: [Snapshot]
    /// When it was last started; nil where it never was.
    public var lastStartedAt: Date?
    /// The transaction on the disk that was committed last.
    public var lastTransaction: String?
    /// The other members of the file: sections of features, see `RecordSection`, and what a newer devbox put there.
    var members: [String: JSONValue] = [:]

    /// An image by name and digest.
    public struct ImageReference: Sendable, Codable, Equatable {
        /// What the image is called in this work directory.
        public var name: String
        /// Of the image's qcow2 file.
        public var sha256: SHA256Digest
    }

    /// What no two guests share.
    public struct Identity: Sendable, Codable, Equatable {
        /// In /etc/hostname and /etc/hosts, see hostname(5).
        public var hostname: String
        /// machine-id(5): 32 hexadecimal digits.
        public var machineID: String
        /// Of the first network interface: locally administered.
        public var macAddress: String
        /// The public half of its ssh host key, "ssh-ed25519 AAAA…".
        public var sshHostKey: String
    }

    /// A state to return to: the disk as a layer, and what of this record belongs to it.
    public struct Snapshot: Sendable, Codable, Equatable {
        /// What `devbox rollback` is given.
        public var name: String
        /// When it was taken.
        public var createdAt: Date
        /// The folder in layers/ that holds the disk.
        public var layer: String
        /// How the guest was to start then.
        public var mode: GuestMode
        /// The kernels installed then.
        public var kernels: [BootKernel]
        /// The version that was to start next; without one the newest.
        public var defaultKernel: String?
        /// The further arguments for the kernel then.
        public var kernelArguments: [String]
        /// Memory of the virtual machine then, in bytes; nil in the snapshots of a devbox that did not note it.
        public var memory: Int64?
        /// The packages that devbox had installed then.
        public var packages: [InstalledFile]?
        /// The sections of features then.
        var sections: [String: JSONValue] = [:]
    }

    /// A package that devbox installed, and the file that it came from.
    public struct InstalledFile: Sendable, Codable, Equatable {
        /// The binary package's name.
        public var name: String
        /// With epoch and revision, see deb-version(7).
        public var version: String
        /// By Debian's names.
        public var architecture: String
        /// Of the .deb file.
        public var sha256: SHA256Digest
        /// The .deb file's name, without its folders.
        public var file: String
        /// When it was installed.
        public var installedAt: Date
        /// The command that installed it.
        public var command: String
        /// The versions of the kernels that it holds; nil for none, and in the records of a devbox that did not note it.
        public var kernels: [String]?

        /// The package of the .deb `file`, installed at `installedAt` by `command`.
        public init(
            name: String, version: String, architecture: String, sha256: SHA256Digest, file: String, installedAt: Date,
            command: String, kernels: [String]? = nil
        ) {
            (self.name, self.version, self.architecture, self.sha256) = (name, version, architecture, sha256)
            (self.file, self.installedAt, self.command, self.kernels) = (file, installedAt, command, kernels)
        }
    }

    /// The members of the file that are properties here.
    public enum Keys: String, CodingKey, CaseIterable {
        case version, id, name, createdAt, command, image, clonedFrom, architecture, release, root, mode, identity,
            memory, cpus
        case kernels, defaultKernel, kernelArguments, packages, snapshots, lastStartedAt, lastTransaction
    }

    /// All arguments for the kernel beside those that every guest has.
    public var allKernelArguments: [String] { kernelArguments + sectionArguments }

    /// Whether nothing ever ran in the guest since it was cloned from its image.
    public var isUntouched: Bool { clonedFrom == nil && lastTransaction == nil && lastStartedAt == nil }

    /// The kernel that starts next; nil where the disk has none.
    public var startingKernel: BootKernel? {
        kernels.first { $0.version == defaultKernel } ?? kernels.first
    }
}
