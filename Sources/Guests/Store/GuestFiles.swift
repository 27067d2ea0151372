import DevboxCore
import SystemPackage

/// The files of a guest, by what they are for. QEMU's command line and messages name some of them again, as a guest's folder has them.
public struct GuestFiles: Sendable {
    /// The guest's name.
    public let name: String
    /// guests/<guest>
    public let path: FilePath

    /// - Parameters:
    ///   - name: the guest's name.
    ///   - work: the work directory.
    public init(_ name: String, in work: WorkDirectory) {
        self.name = name
        path = work.guests.appending(name)
    }

    init(name: String, path: FilePath) {
        self.name = name
        self.path = path
    }

    /// What is known of it; replacing this file is what commits a change.
    public var record: FilePath { path.appending("guest.json") }
    /// Its disk: a thin layer.
    public var disk: FilePath { path.appending("disk.qcow2") }
    /// The copies of its kernels.
    public var boot: FilePath { path.appending("boot") }
    /// What packages said when they were last installed by devbox.
    public var installLog: FilePath { path.appending("install.log") }
    /// What its console printed since it was last started.
    public var consoleLog: FilePath { path.appending("console.log") }
    /// A transaction on the disk that has begun and not ended.
    public var transaction: FilePath { path.appending("transaction.json") }
    /// A disk and a record that are to replace the present ones together.
    public var pending: FilePath { path.appending("pending") }

    /// How its kernel was when it ended after a panic; not there while it runs, nor where it ended otherwise.
    var lastPanic: FilePath { path.appending("panic.json") }

    /// Sockets and state while it runs.
    public var run: FilePath { path.appending("run") }
    /// The supervisor's socket: it answers as long as the guest runs.
    public var control: FilePath { run.appending("control") }
    /// How the guest runs: written by the supervisor.
    public var runState: FilePath { run.appending("state.json") }
    /// The only folder that QEMU, which is somebody else where devbox is root, makes files in.
    public var machine: FilePath { run.appending("qemu") }
    /// The virtual machine's monitor.
    public var monitor: FilePath { machine.appending("qmp.sock") }
    /// The virtual machine's serial port.
    public var console: FilePath { machine.appending("console.sock") }
    /// The guest agent's serial port.
    var agent: FilePath { machine.appending("agent.sock") }
    /// What the supervisor and QEMU complain of.
    package var supervisorLog: FilePath { run.appending("supervisor.log") }
    var machineLog: FilePath { run.appending("qemu.log") }

    /// The guest's ssh host key as known_hosts has it.
    public var knownHosts: FilePath { path.appending("known_hosts") }
    /// The overlay that is to take the place of a disk which becomes a layer; a killed devbox leaves it.
    var spareDisk: FilePath { path.appending(Self.spareDiskName) }
    static let spareDiskName = "disk.new"
    /// An overlay on the disk with what was edited in process, until it is written into the disk; a killed devbox leaves it.
    var edits: FilePath { path.appending("edits.qcow2") }

    /// The disk of a layer: layers/<layer>/disk.qcow2.
    static func disk(ofLayer layer: String, in work: WorkDirectory) -> FilePath {
        work.layers.appending(layer).appending("disk.qcow2")
    }

    /// The name of the image's disk as a guest's overlay refers to it: relative, so that the work directory can be moved.
    static func backingName(ofImage image: String) -> String { "../../images/\(image)/disk.qcow2" }
    /// The same for a layer. Layers lie as deep as guests do, so that a disk that becomes one keeps its own reference.
    static func backingName(ofLayer layer: String) -> String { "../../layers/\(layer)/disk.qcow2" }
}
