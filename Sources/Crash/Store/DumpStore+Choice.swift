import DevboxCore

extension DumpStore {
    /// Removes dumps of a guest from the store: all of them, or none where one is not there.
    ///
    /// - Parameters:
    ///   - names: as `DumpRecord.name` has them.
    ///   - removed: is told of each that is gone.
    /// - Throws: `notFound`, naming one that is not there.
    public func remove(_ names: [String], of guest: String, removed: (StoredDump) -> Void = { _ in }) throws {
        let dumps = try list(guest)
        let chosen = try Set(names).sorted().map { name in
            guard let dump = dumps.first(where: { $0.record.name == name }) else {
                throw Failure(
                    .notFound, "there is no dump \(Names.printable(name)) of \(guest)",
                    hint: "`devbox dumps \(guest)` shows their names")
            }
            return dump
        }
        for dump in chosen {
            try remove(dump)
            removed(dump)
        }
    }

    /// Removes all dumps of guests from the store but the newest ones.
    ///
    /// - Parameters:
    ///   - guest: only this guest's; nil for all.
    ///   - count: how many of each guest stay.
    ///   - removed: is told of each that is gone.
    public func prune(_ guest: String?, keeping count: Int, removed: (StoredDump) -> Void = { _ in }) throws {
        for name in try guest.map({ [$0] }) ?? guests() {
            for dump in try list(name).dropFirst(count) {
                try remove(dump)
                removed(dump)
            }
        }
    }
}
