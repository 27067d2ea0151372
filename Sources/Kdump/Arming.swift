import Guests

/// What arming a guest did.
public struct Arming: Sendable {
    /// The guest's record as it is now.
    public let record: GuestRecord
    /// How it is armed.
    public let state: KdumpState
    /// What its next start reserves for the crash kernel, in bytes; 0 where its `crashkernel=` has nothing for it.
    public let reserved: Int64
    /// What the user is to know: a sysctl that a kernel does not have, say.
    public let warnings: [String]
    /// How it ran meanwhile: then its sysctls are in effect, in a virtual machine. Nil where it did not run.
    public let mode: GuestMode?
    /// Whether its crash kernel is loaded too, in as much memory as it is to have; if not, it is after a restart.
    public var isLoaded = false
}
