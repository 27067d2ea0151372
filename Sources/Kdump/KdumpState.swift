import DevboxCore
import Guests

/// What arming changed in a guest, so that it can be undone exactly. The guest is armed as long as its record has one.
public struct KdumpState: RecordSection, Equatable {
    /// "kdump".
    public static let key = "kdump"

    /// The `crashkernel=` of its kernels, see Documentation/admin-guide/kdump/kdump.rst: "192M", "1G-4G:192M,4G-:256M".
    public var crashKernel: String
    /// What makedumpfile leaves out of a dump: its option `-d`, 0 to 31.
    public var dumpLevel: Int
    /// The sysctls that make its kernel panic.
    public var settings: [Setting]
    /// The memory of the virtual machine before it was raised, and what it was raised to; nil where it sufficed.
    public var raisedMemory: Raised?
    /// The files of the guest that were changed or made.
    public var files: [ChangedFile]
    /// The command that armed it.
    public var command: String

    /// What an arming by `command` changed: with it the disk and the record go back to what they were.
    public init(
        crashKernel: String, dumpLevel: Int, settings: [Setting], raisedMemory: Raised?, files: [ChangedFile],
        command: String
    ) {
        (self.crashKernel, self.dumpLevel, self.settings) = (crashKernel, dumpLevel, settings)
        (self.raisedMemory, self.files, self.command) = (raisedMemory, files, command)
    }

    /// A sysctl, and why it is set.
    public struct Setting: Sendable, Codable, Equatable {
        /// With dots, as sysctl.d(5) has it: "kernel.panic_on_oops".
        public var name: String
        /// Its value.
        public var value: String
        /// What a panic by it catches, in a sentence.
        public var comment: String
        /// Its value in the kernel that ran when the guest was armed; nil where none ran.
        public var before: String?

        /// The sysctl `name`, which is to be `value` and was `before`.
        public init(name: String, value: String, comment: String, before: String? = nil) {
            (self.name, self.value, self.comment, self.before) = (name, value, comment, before)
        }
    }

    /// Memory in bytes.
    public struct Raised: Sendable, Codable, Equatable {
        /// What the guest had.
        public var from: Int64
        /// What it has.
        public var to: Int64

        /// Memory that was raised, in bytes.
        public init(from: Int64, to: Int64) { (self.from, self.to) = (from, to) }
    }

    /// A file of the guest that arming changed.
    public struct ChangedFile: Sendable, Codable, Equatable {
        /// Its path in the guest.
        public var path: String
        /// What it was before; nil where it was not there.
        public var before: Content?
        /// Of what it is now; of a link's target.
        public var after: SHA256Digest

        /// The file at `path`, of which the digest is `after` now.
        public init(path: String, before: Content?, after: SHA256Digest) {
            (self.path, self.before, self.after) = (path, before, after)
        }
    }

    /// A file's content.
    public struct Content: Sendable, Codable, Equatable {
        /// A plain file's bytes, in base64 as RFC 4648 has it.
        public var base64: String
        /// Its permissions, as in chmod(2).
        public var permissions: UInt16

        /// A plain file of these bytes, in base64, and permissions.
        public init(base64: String, permissions: UInt16) { (self.base64, self.permissions) = (base64, permissions) }
    }

    /// What reserves memory for the kernel that saves the dump.
    public var kernelArguments: [String] { ["crashkernel=\(crashKernel)"] }

    /// What the guest's init does for a dump.
    public var startCommands: [[String]] {
        [["/lib/systemd/systemd-sysctl", KdumpPaths.sysctls], [KdumpPaths.tool, "load"]]
    }
}

extension GuestRecord {
    /// How the guest is armed; nil where it is not.
    ///
    /// - Throws: `badInput` where its record says so in a way that cannot be read.
    public var kdump: KdumpState? { get throws { try section(KdumpState.self) } }
}
