import HostTools
import Sandbox

/// What an appliance is started for, and with what.
extension GuestAppliance {
    /// How an appliance is started.
    package struct Start {
        /// How the guest's own kernel is started, of which a panic is a finding; nil for work on the disk.
        package var own: OwnKernel?
        /// What it is shown at /run/devbox.
        package var extras: [SandboxMount.Entry] = []
        /// Whether what is asked to be written to the disk may wait for the end.
        package var isUnsynced = false
        /// Whether it has a terminal.
        package var hasTerminal = false
        /// Whether no file system is mounted: the disk is brought into order alone.
        package var check: Check?

        package init(
            own: OwnKernel? = nil, extras: [SandboxMount.Entry] = [], isUnsynced: Bool = false,
            hasTerminal: Bool = false, check: Check? = nil
        ) {
            (self.own, self.extras, self.isUnsynced) = (own, extras, isUnsynced)
            (self.hasTerminal, self.check) = (hasTerminal, check)
        }
    }

    /// One start of a guest's own kernel.
    package struct OwnKernel {
        /// A version that is installed; nil for the guest's next.
        package var version: String?
        /// Arguments beside the record's.
        package var arguments: [String]
        /// How its code is run; nil for the best way.
        package var accelerator: Accelerator?

        package init(version: String?, arguments: [String], accelerator: Accelerator?) {
            (self.version, self.arguments, self.accelerator) = (version, arguments, accelerator)
        }
    }

    /// What e2fsck(8) is to do.
    package enum Check: String {
        /// The journal is replayed, and mended what is mended unasked.
        case replay
        /// All of it has to be sound; it has no journal to replay.
        case whole
        /// One after the other.
        case both
    }
}
