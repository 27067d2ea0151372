/// What happens to a running guest, as its supervisor tells it to those who follow.
public enum GuestEvent: Codable, Sendable, Equatable {
    /// The kernel gave up; the line is the console's.
    case panicked(line: String)
    /// It stands still for good: no crash kernel has taken over.
    case halted
    /// An NMI came, and the kernel goes on.
    case interruptIgnored
    /// Its crash kernel runs, and saves the memory.
    case crashKernel
    /// The crash kernel could not save it; the line is the console's.
    case saveFailed(line: String)
    /// A dump has been saved.
    case saved(SavedDump)
    /// A dump that the host was to take could not be taken.
    case dumpFailed(reason: String)
    /// The machine was reset: what was said of its kernel holds no more.
    case reset
    /// The processors stand still.
    case paused
    /// They do because the host has no space for what the guest writes.
    case outOfSpace
    /// They go on.
    case resumed
}

/// A dump, and who took it.
public struct SavedDump: Codable, Sendable, Equatable {
    /// Who took a dump.
    public enum Taker: String, Codable, Sendable { case guest, host }
    /// Who took it.
    public let by: Taker
    /// Its folder: in the guest, or on the host.
    public let path: String

    /// - Parameters:
    ///   - by: who took it.
    ///   - path: its folder, in the guest or on the host.
    public init(by: Taker, path: String) { (self.by, self.path) = (by, path) }
}
