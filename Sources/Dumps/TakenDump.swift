import Crash
import QMP

/// A dump that the host took of a guest's memory.
public struct TakenDump: Sendable {
    /// Where it is, and what is known of it.
    public let stored: StoredDump
    /// What QEMU wrote.
    public let format: QMPDumpFormat
    /// How long it took, until the dump was in the store.
    public let duration: Duration
}

/// The dump of a guest whose kernel was made to panic.
public enum PanicDump: Sendable {
    /// The guest's own kdump saved it, in this folder of the guest.
    case byGuest(path: String)
    /// The host took it, for the reason that is given: why the guest did not.
    case byHost(TakenDump, reason: String)
}
