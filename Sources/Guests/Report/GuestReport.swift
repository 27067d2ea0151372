import DevboxCore
import FoundationEssentials
import Glibc

/// Everything that is known of a guest: its record's members, and how it is now.
public struct GuestReport: Encodable, Sendable {
    /// The guest's record.
    public let record: GuestRecord
    /// "stopped", or how its kernel is where it runs.
    public let state: String
    /// How it runs, where it does; the record's mode is how it starts next.
    public let running: RunState?
    /// How its kernel is, where it runs.
    public let condition: GuestCondition?
    /// Bytes that the guest's own layer takes up on the host.
    public let diskBytes: Int64
    /// Bytes that the guest sees as its disk.
    public let virtualSize: Int64

    /// Looks at a guest; nothing waits for its lock.
    ///
    /// - Throws: `notFound`; `badInput` for a record or a disk that is damaged.
    public init(_ name: String, in store: GuestStore) throws {
        record = try store.load(name)
        let files = store.files(name)
        let guest = try RunningGuest(name, in: store)
        running = guest?.state
        condition = guest?.condition()
        state = condition?.state ?? "stopped"
        diskBytes = Int64(try Files.status(files.disk).st_blocks) * 512
        virtualSize = try GuestDisk.virtualSize(files)
    }

    private enum Keys: String, CodingKey { case state, running, condition, diskBytes, virtualSize }

    /// The record's members, with the others beside them.
    public func encode(to encoder: any Encoder) throws {
        try record.encode(to: encoder)
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(state, forKey: .state)
        try container.encodeIfPresent(running, forKey: .running)
        try container.encodeIfPresent(condition, forKey: .condition)
        try container.encode(diskBytes, forKey: .diskBytes)
        try container.encode(virtualSize, forKey: .virtualSize)
    }
}
