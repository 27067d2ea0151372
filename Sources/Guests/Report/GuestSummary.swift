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

/// What of a guest's record a list needs.
private struct Outline: Decodable {
    struct Image: Decodable { let name: String }
    struct Kernel: Decodable { let version: String }

    let createdAt: Date
    let image: Image
    let architecture: Architecture
    let mode: GuestMode
    let kernels: [Kernel]
    let defaultKernel: String?

    /// As `GuestRecord.startingKernel`.
    var startingKernel: String? { (kernels.first { $0.version == defaultKernel } ?? kernels.first)?.version }
}

extension GuestStore {
    /// All guests, by name.
    ///
    /// - Parameter unreadable: is told of each guest whose record cannot be read.
    public func summaries(unreadable: (String) -> Void = { _ in }) throws -> [GuestSummary] {
        let names = try names()
        return zip(names, try names.mapInThreads(summary)).compactMap { name, summary in
            // One that was removed meanwhile is no matter.
            if summary == nil, Files.exists(files(name).record) { unreadable(name) }
            return summary
        }
    }

    /// nil for a guest whose record cannot be read.
    private func summary(_ name: String) -> GuestSummary? {
        let files = files(name)
        guard let guest = try? RecordFile.read(Outline.self, of: GuestRecord.self, from: files.record) else {
            return nil
        }
        let running = RunningGuest.isRunning(files) ? try? RunningGuest(name, in: self) : nil
        return GuestSummary(
            name: name, state: running?.condition().state ?? "stopped", mode: running?.state.mode ?? guest.mode,
            architecture: guest.architecture, image: guest.image.name,
            // A container runs on the host's kernel, whatever is installed in it.
            kernel: running.map(\.state.kernel) ?? guest.startingKernel, createdAt: guest.createdAt)
    }
}
