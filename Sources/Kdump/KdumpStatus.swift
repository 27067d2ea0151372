import DevboxCore

/// Whether a panic of a guest's kernel would leave a dump.
public struct KdumpStatus: Sendable, Encodable {
    /// The guest's name.
    public var guest: String
    /// Whether it runs; where it does not, all is said of its next start.
    public var running: Bool
    /// Whether devbox armed it.
    public var armed: Bool
    /// Why a panic would leave no dump; empty where it would.
    public var obstacles: [String] = [] {
        didSet { ready = obstacles.isEmpty }
    }
    /// Whether a panic would leave a dump.
    public private(set) var ready = true
    /// What is wanted, or is on the command line of the running kernel: the value of `crashkernel=`.
    public var crashKernel: String?
    /// What the running kernel has reserved, in bytes.
    public var reservedBytes: Int64?
    /// Whether the kernel that saves the dump is loaded.
    public var loaded: Bool?
    /// The sysctls that the guest was armed with.
    public var settings: [Setting] = []
    /// The folder of the guest where the dump would go; nil where its settings do not say it in a way that is understood.
    public var dumpFolder: String?
    /// Free space where the dump would go, in bytes.
    public var availableBytes: Int64?
    /// What a dump may take, in bytes.
    public var expectedBytes: Int64?
    /// How many dumps are in the guest; nil where nobody could look.
    public var dumps: Int?
    /// How many of them were not brought out yet.
    public var waiting: Int?
    /// What else is to be known.
    public var remarks: [String] = []

    /// An obstacle of arm64, which only a dump can disprove: what kexec-tools of Debian 12 and 13 tell the crash kernel of the memory
    /// is not understood by their makedumpfile ("vaddr_to_paddr_arm64: Can't read pgd"), and kdump-config takes no notice.
    public static let arm64Doubt =
        "on arm64 makedumpfile was seen to leave an empty file: `devbox start --on-panic dump` takes a dump from outside"

    /// Those of the obstacles that only a start or a dump can disprove.
    private(set) var doubts: [String] = []

    /// Adds an obstacle that only a start or a dump can disprove.
    mutating func doubt(_ reason: String) {
        obstacles.append(reason)
        doubts.append(reason)
    }

    private enum CodingKeys: String, CodingKey {
        case guest, running, armed, obstacles, ready, crashKernel, reservedBytes, loaded, settings, dumpFolder,
            availableBytes
        case expectedBytes, dumps, waiting, remarks
    }

    /// A sysctl.
    public struct Setting: Sendable, Encodable {
        /// With dots.
        public var name: String
        /// What the guest was armed with.
        public var wanted: String
        /// What the running kernel has; nil where it has no such sysctl, or none runs.
        public var actual: String?
    }
}
