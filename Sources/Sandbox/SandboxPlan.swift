import DevboxCore
import Disks
import SystemPackage

/// What a sandbox is and what is done in it. The enclosed devbox gets it as JSON: the first line on its channel.
public struct SandboxPlan: Codable, Sendable {
    /// What LXC calls the container: unique on the host.
    public var name: String
    /// What its programs find at /.
    public var root: SandboxRoot
    /// Of its programs; one that the processor does not run needs an emulator.
    public var architecture: Architecture
    /// What it calls itself.
    public var hostname: String
    /// What messages call it.
    public var title: String
    /// Whether its programs may change the root.
    public var isWritable = true
    /// What else of the host it sees.
    public var mounts: [SandboxMount] = []
    /// What its network hangs on.
    public var network = SandboxNetwork.none
    /// What is done in it.
    public var task: SandboxTask
    /// A folder of the host for the sockets and mounts of an ordinary user's sandbox. It is there as long as the sandbox is.
    public var folder: String
    /// The work directory's path: whose templates and whose owner count.
    let work: String
    /// The level of the messages.
    var verbosity = Console.Level.normal.rawValue

    /// - Parameters:
    ///   - name: what LXC calls the container: unique on the host.
    ///   - root: what its programs find at /.
    ///   - architecture: of its programs.
    ///   - hostname: what it calls itself; nil for `name`.
    ///   - title: what messages call it; nil for `name`.
    ///   - task: what is done in it.
    ///   - folder: where sockets and mounts of an ordinary user's sandbox may be; an absolute path.
    ///   - work: the work directory.
    public init(
        _ name: String, root: SandboxRoot, architecture: Architecture, hostname: String? = nil,
        title: String? = nil, task: SandboxTask, folder: FilePath, work: WorkDirectory
    ) {
        (self.name, self.root, self.architecture) = (name, root, architecture)
        (self.hostname, self.title) = (hostname ?? name, title ?? name)
        (self.task, self.folder, self.work) = (task, folder.string, work.path.string)
    }
}

/// What the programs of a sandbox find at /.
public enum SandboxRoot: Codable, Sendable, Equatable {
    /// The ext4 file system on a qcow2 disk: of a partition, or of the whole disk. `path` is absolute. `parts` are partitions that are
    /// mounted in it, those above others first.
    case disk(path: String, partition: DiskExtent?, parts: [DiskPart])
    /// A folder of the host, by its absolute path. Its owners are shown as they are: root's files are the sandbox's root's.
    case folder(path: String)
}

/// What the network of a sandbox hangs on.
public enum SandboxNetwork: Codable, Sendable, Equatable {
    /// Nothing but its own loopback.
    case none
    /// A bridge of the host.
    case bridge(String, macAddress: String)
}

/// What is done in a sandbox.
public enum SandboxTask: Codable, Sendable {
    /// One command in a container without an init.
    case command(SandboxCommand)
    /// No command: the disk's file system is brought into a state in which libext2fs may read it, which believes more than e2fsck does.
    ///
    /// - Parameters:
    ///   - replays: whether it has a journal to replay; e2fsck mends then what it mends unasked.
    ///   - checks: whether all of it is checked. Faults that e2fsck can mend unasked are mended; others are `badInput`.
    case settleDisk(replays: Bool, checks: Bool)
    /// No container: a virtual machine on the disk, which does what it is told at its ports; see `Appliance`.
    case appliance(AppliancePlan)
    /// What devbox itself does there, a guest's supervisor say. `plan` is JSON of the service's own.
    case service(plan: String)
}

/// One command of a sandbox.
public struct SandboxCommand: Codable, Sendable {
    /// The command and its arguments.
    public var arguments: [String]
    /// Variables beside PATH, HOME, LANG and TERM.
    public var environment: [String: String]
    /// The folder that it begins in; nil for root's home.
    public var directory: String?
    /// The name of its terminal, as in terminfo(5); nil where it has none.
    public var terminal: String?
    /// Whether what it asks to be written to the disk may wait for its end.
    public var isUnsynced: Bool

    /// - Parameters:
    ///   - arguments: the command and its arguments.
    ///   - environment: variables beside PATH, HOME, LANG and TERM.
    ///   - directory: the folder that it begins in; nil for root's home.
    ///   - terminal: the name of its terminal; nil where it has none.
    ///   - isUnsynced: whether what it asks to be written to the disk may wait for its end.
    public init(
        _ arguments: [String], environment: [String: String] = [:], directory: String? = nil, terminal: String? = nil,
        isUnsynced: Bool = false
    ) {
        (self.arguments, self.environment, self.directory) = (arguments, environment, directory)
        (self.terminal, self.isUnsynced) = (terminal, isUnsynced)
    }
}

/// What an enclosed devbox says to the one that started it: one JSON object a line.
public enum SandboxMessage: Codable, Sendable {
    /// A service's processes run.
    case started
    /// A service answers.
    case ready
    /// The task ended with this status.
    case ended(status: Int32)
    /// The kernel of an appliance says that it panics, in this line.
    case panicked(line: String)
    /// The console of an appliance says, in this line, what becomes of a panic: that a crash kernel runs, that a dump is saved.
    case told(line: String)
    /// An appliance ended by itself; why, as far as it is known.
    case stopped(reason: String)
    /// A program of a service's, or of an appliance's, crashed before it answered.
    case crashed(signal: Int32)
    /// It could not be done.
    case failed(code: DevboxCore.ExitCode, message: String, hint: String?)
}
