import DevboxCore
import FoundationEssentials

/// A guest as a list shows it.
public struct GuestSummary: Sendable, Encodable {
    /// What it is called.
    public let name: String
    /// "stopped", or how its kernel is where it runs.
    public let state: String
    /// How it runs, or starts next.
    public let mode: GuestMode
    /// Of its programs and kernels.
    public let architecture: Architecture
    /// The image at the bottom.
    public let image: String
    /// The kernel that runs, or starts next; nil in a container, whose kernel is the host's, and where the disk has none.
    public let kernel: String?
    /// When it was cloned.
    public let createdAt: Date
}

extension GuestStore {
    /// All guests, by name.
    ///
    /// - Parameter unreadable: is told of each guest whose record cannot be read.
    public func summaries(unreadable: (String) -> Void = { _ in }) throws -> [GuestSummary] {
        try names().compactMap { name in
            guard let guest = try? load(name) else {
                // One that was removed meanwhile is no matter.
                if Files.exists(files(name).record) { unreadable(name) }
                return nil
            }
            let running = try? RunningGuest(name, in: self)
            return GuestSummary(
                name: name, state: running?.condition().state ?? "stopped", mode: running?.state.mode ?? guest.mode,
                architecture: guest.architecture, image: guest.image.name,
                // A container runs on the host's kernel, whatever is installed in it.
                kernel: running.map(\.state.kernel) ?? guest.startingKernel?.version, createdAt: guest.createdAt)
        }
    }
}
