import DevboxCore
import HostTools
import SystemPackage

/// The machine of an appliance, beside the disk, the mounts and the name, which its sandbox's plan has.
public struct AppliancePlan: Codable, Sendable {
    /// The kernel's file; an absolute path.
    public var kernel: String
    /// Arguments for the kernel beside the console's.
    public var arguments: [String]
    /// In bytes.
    public var memory: Int64
    /// How many processors it has.
    public var cpus: Int
    /// How its code is run.
    public var accelerator: Accelerator
    /// Whether one thread emulates all processors.
    public var emulatesInOneThread = false
    /// How large the disk's sectors are, in bytes.
    public var sectorSize: Int64
    /// The file that keeps what its console prints; an absolute path.
    public var consoleLog: String
    /// The folders of the work directory that the disk's file and those below it lie in, as absolute paths, and which of them it writes to.
    public var folders: [Folder]
    /// How many ports it has; the first three are for orders, standard output and standard error.
    public var ports: Int
    /// Whether it has a terminal.
    public var hasTerminal = false
    /// Whether it has what a kernel notes in that a dump is to be read by, and tells of its panic with.
    public var hasPanicDevices = false

    /// A folder that QEMU has to see.
    public struct Folder: Codable, Sendable {
        /// Its absolute path.
        public var path: String
        /// Whether something in it is written to.
        public var isWritable: Bool

        /// - Parameters:
        ///   - path: absolute.
        ///   - isWritable: whether something in it is written to.
        public init(_ path: FilePath, isWritable: Bool = false) {
            (self.path, self.isWritable) = (path.string, isWritable)
        }
    }

    /// Where it says nothing else, it is emulated in several threads, and has no devices for panics.
    ///
    /// - Parameters:
    ///   - memory: in bytes.
    ///   - sectorSize: of the disk, in bytes.
    public init(
        kernel: FilePath, arguments: [String], memory: Int64, cpus: Int, accelerator: Accelerator,
        sectorSize: Int64 = 512, consoleLog: FilePath, folders: [Folder], ports: Int = 6
    ) {
        (self.kernel, self.arguments, self.memory, self.cpus) = (kernel.string, arguments, memory, cpus)
        (self.accelerator, self.sectorSize, self.consoleLog) = (accelerator, sectorSize, consoleLog.string)
        (self.folders, self.ports) = (folders, ports)
    }
}
