import Crash
import DevboxCore
import Guests

extension DumpCollector {
    /// The guests to look at.
    ///
    /// - Parameter wanted: the only one; nil for all.
    /// - Returns: none for one that was removed and whose dumps are still in the store.
    /// - Throws: `notFound` for one that is neither.
    public func names(_ wanted: String?) throws -> [String] {
        guard let wanted else { return try guests.names() }
        try Names.check(wanted, "guest")
        if Files.exists(guests.files(wanted).record) { return [wanted] }
        if try store.known(wanted).isEmpty { _ = try guests.load(wanted) }
        return []
    }

    /// Brings out the dumps of several guests. Whatever is wrong with one, those of the others come too.
    ///
    /// - Parameters:
    ///   - removing: whether what is in the store is removed from the guests.
    ///   - progress: is called while a dump is copied.
    ///   - looked: is told what came of each guest.
    /// - Throws: `interrupted` alone.
    public func collect(
        _ names: [String], removing: Bool = false, progress: (TransferProgress) -> Void = { _ in },
        looked: (String, GuestCollection) -> Void
    ) throws {
        for name in names {
            do {
                looked(name, .dumps(try collect(name, removing: removing, progress: progress)))
            } catch let error as any ReportableError where error.exitCode != .interrupted {
                looked(name, .failure(error))
            }
        }
    }
}
