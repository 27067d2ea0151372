import FoundationEssentials

/// How a guest runs: run/state.json.
public struct RunState: Codable, Sendable, Equatable {
    /// What it runs as; the record's mode is only what it starts in next.
    public var mode: GuestMode
    /// When its processes were started.
    public var startedAt: Date
    /// The kernel that a virtual machine was started with.
    public var kernel: String?
    /// What that kernel was given beside the record's arguments; nil for nothing.
    public var kernelArguments: [String]?
    /// The loopback port that leads to a virtual machine's sshd.
    public var sshPort: Int?
    /// A container's name for LXC.
    public var container: String?
    /// The folder that LXC knows the container in, an absolute path.
    public var containerFolder: String?
    /// Whether a container is an ordinary user's, in a user namespace with that user's ids; nil where it is root's.
    public var isUsers: Bool?
    /// "kvm" or "tcg".
    public var accelerator: String?
    /// The bridge of the host that a container's network hangs on; nil where it has none.
    public var bridge: String?
    /// What the host does when a virtual machine's kernel panics.
    public var onPanic: PanicAction?
}
