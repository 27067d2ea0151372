import DevboxCore
import FoundationEssentials
import SystemPackage

/// What an enclosed devbox is to do: the first line on its channel.
struct LaunchPlan: Codable, Sendable {
    /// What runs in the enclosure.
    enum Kind: String, Codable, Sendable {
        /// The guest as a virtual machine, until it ends.
        case machine
        /// The guest as a container with its own init, until it ends.
        case container
        /// One command in a container, without an init.
        case command
        /// Nothing but the replay of the disk's journal.
        case replay
    }

    var kind: Kind
    /// The work directory's path.
    var work: String
    var guest: String
    var verbosity: Int
    /// The command and its arguments.
    var arguments: [String] = []
    /// What the container sees of the host at /run/devbox.
    var extras: [ContainerExtra] = []
    /// Whether what the command asks to be written to the disk may wait for its end.
    var unsynced = false
    /// Whether the command has a terminal, and which.
    var terminal: String?
    /// The bridge for a container's network.
    var bridge: String?
    /// The kernel version to start.
    var kernel: String?
    /// Arguments for the kernel beside the record's, for this start only.
    var kernelArguments: [String] = []
    /// "kvm" or "tcg".
    var accelerator: String?
    /// Whether all processors are emulated in one thread.
    var emulatesInOneThread = false
    /// What is done when the kernel of a virtual machine panics.
    var onPanic: PanicAction?
}

/// What an enclosed devbox says to the one that started it: one JSON object a line.
enum SupervisorMessage: Codable, Sendable {
    /// The guest's processes run.
    case started(RunState)
    /// The guest answers.
    case ready
    /// It ended with this status.
    case ended(status: Int32)
    /// Its machine crashed before the guest answered.
    case crashed(signal: Int32)
    /// It could not be done.
    case failed(code: DevboxCore.ExitCode, message: String, hint: String?)
}

/// How a guest runs: run/state.json.
public struct RunState: Codable, Sendable, Equatable {
    /// What it runs as; the record's mode is only what it starts in next.
    public var mode: GuestMode
    /// When its processes were started.
    public var startedAt: Date
    /// The kernel that a virtual machine was started with.
    public var kernel: String?
    /// The loopback port that leads to a virtual machine's sshd.
    public var sshPort: Int?
    /// A container's name for LXC.
    public var container: String?
    /// The folder that LXC knows the container in, an absolute path.
    public var containerFolder: String?
    /// "kvm" or "tcg".
    public var accelerator: String?
    /// The bridge of the host that a container's network hangs on; nil where it has none.
    public var bridge: String?
    /// What the host does when a virtual machine's kernel panics.
    public var onPanic: PanicAction?
}
