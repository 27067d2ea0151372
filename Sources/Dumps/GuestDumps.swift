import Crash
import DevboxCore
import Guests

/// How many dumps a guest has, for those who ask how it stands: nothing is brought out.
public struct GuestDumps: Sendable, Equatable {
    /// How many lie in the guest.
    public let count: Int
    /// How many of them were not brought out yet.
    public let waiting: Int

    /// Those on the disk of a stopped guest.
    ///
    /// - Throws: `badInput` where its /var/crash cannot be looked into.
    public init(on guest: borrowing StoppedGuest, in work: WorkDirectory) throws {
        try self.init(DiskSource(guest).entries(), of: guest.record, in: work)
    }

    /// Those of a running guest.
    ///
    /// - Parameter listing: what `lister` printed there, which may be anything.
    public init(listing: ArraySlice<UInt8>, of guest: GuestRecord, in work: WorkDirectory) throws {
        try self.init(RunningSource.entries(in: listing), of: guest, in: work)
    }

    /// The template of the script that lists /var/crash in a running guest.
    public static let lister = "dumps/list.sh"

    private init(_ entries: [CrashEntry], of guest: GuestRecord, in work: WorkDirectory) throws {
        let dumps = CrashFolder(entries).candidates.map(\.dump)
        count = dumps.count
        waiting = try count - DumpStore(work).brought(dumps, of: guest).count
    }
}

extension DumpStore {
    /// Those of a guest's dumps that are in the store, or were removed from it on purpose.
    func brought(_ dumps: [CrashEntry], of guest: GuestRecord) throws -> [CrashEntry] {
        let known = Set(
            try known(guest.name).filter { record in
                try record.guestID == guest.id && (record.removedAt != nil || stored(record) != nil)
            }.compactMap(\.origin))
        return dumps.filter { known.contains($0.origin) || $0.formerOrigin.map(known.contains) == true }
    }
}
