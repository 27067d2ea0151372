import Crash
import DevboxCore
import Guests

/// How many dumps a guest has, and where they go, for those who ask how it stands: nothing is brought out.
public struct GuestDumps: Sendable, Equatable {
    /// Where its settings have them go.
    public let target: CrashTarget
    /// How many lie in the guest; nil where nobody could look.
    public private(set) var count: Int?
    /// How many of them were not brought out yet.
    public private(set) var waiting: Int?
    /// Why nobody could look.
    public private(set) var remark: String?

    /// Those on the disk of a stopped guest.
    public init(on guest: borrowing StoppedGuest, in work: WorkDirectory) throws {
        let source = try DiskSource(guest)
        target = source.target
        // What lies below a mount are not those that the guest has there.
        if target.isHidden { return }
        try take(of: guest.record, in: work) { try source.listing() }
    }

    /// Those of a running guest.
    ///
    /// - Parameters:
    ///   - listing: what `lister` printed there, which may be anything.
    ///   - place: the folder that it listed. Where that is not `target.folder`, it is to be asked once more.
    public init(listing: ArraySlice<UInt8>, of place: String, in guest: GuestRecord, work: WorkDirectory) throws {
        let listing = CrashListing(listing, of: place)
        target = listing.target
        try take(of: guest, in: work) {
            let place = try listing.target.place(of: guest.name)
            if listing.isLink { throw Failure(.badInput, "\(place) is a symbolic link, which is not followed") }
            return listing
        }
    }

    /// The template of the script that lists a folder in a running guest, which is its argument, and its settings of where dumps go.
    public static let lister = "dumps/list.sh"

    /// A folder that cannot be looked into keeps no dump from being saved somewhere else.
    private mutating func take(of guest: GuestRecord, in work: WorkDirectory, _ listing: () throws -> CrashListing)
        throws
    {
        do {
            let dumps = CrashFolder(try listing().entries).candidates.map(\.dump)
            waiting = try dumps.count - DumpStore(work).brought(dumps, of: guest).count
            count = dumps.count
        } catch let error as any ReportableError where error.exitCode != .interrupted {
            remark = "its dumps cannot be counted: \(error.message)"
        }
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
