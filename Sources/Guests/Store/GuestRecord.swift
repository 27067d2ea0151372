import DevboxCore
import FoundationEssentials
import Images

/// How a guest runs.
public enum GuestMode: String, Sendable, Codable, CaseIterable {
    /// A QEMU virtual machine, accelerated or not.
    case kvm
    /// A container on the very same disk.
    case lxc
}

/// Everything that makes a guest what it is: guests/<guest>/guest.json.
public struct GuestRecord: Record {
    public static let currentVersion = 1
    public var version = Self.currentVersion
    /// Its identity, which no other guest on any machine has; its name is only what it is called here.
    public var id: String
    public var name: String
    public var createdAt: Date
    /// The command that made it.
    public var command: String
    /// The image at the bottom, and that image's disk.
    public var image: ImageReference
    /// The guest that it was cloned from, where it was not the image.
    public var clonedFrom: String?
    public var architecture: Architecture
    public var release: Release
    public var root: RootFileSystem
    public var mode: GuestMode
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
    /// Oldest first.
    public var snapshots: [Snapshot]
    /// The transaction on the disk that was committed last.
    public var lastTransaction: String?

    /// An image by name and digest.
    public struct ImageReference: Sendable, Codable, Equatable {
        public var name: String
        public var sha256: String
    }

    /// What no two guests share.
    public struct Identity: Sendable, Codable, Equatable {
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
        public var name: String
        public var createdAt: Date
        /// The folder in layers/ that holds the disk.
        public var layer: String
        public var mode: GuestMode
        public var kernels: [BootKernel]
        public var defaultKernel: String?
        public var kernelArguments: [String]
    }

    public enum Keys: String, CodingKey, CaseIterable {
        case version, id, name, createdAt, command, image, clonedFrom, architecture, release, root, mode, identity,
            memory, cpus
        case kernels, defaultKernel, kernelArguments, snapshots, lastTransaction
    }

    /// The kernel that starts next; nil where the disk has none.
    public var startingKernel: BootKernel? {
        kernels.first { $0.version == defaultKernel } ?? kernels.first
    }
}
