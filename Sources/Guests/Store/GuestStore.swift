import DevboxCore
import Glibc
import SystemPackage

/// The guests of a work directory.
public struct GuestStore: Sendable {
    /// The work directory.
    public let work: WorkDirectory

    /// - Parameter work: the work directory.
    public init(_ work: WorkDirectory) { self.work = work }

    /// The files of the guest of a name; it need not exist.
    public func files(_ name: String) -> GuestFiles { GuestFiles(name, in: work) }

    /// The names of all guests, sorted. Folders that a killed clone left unfinished are removed on the way.
    public func names() throws -> [String] {
        try Files.list(work.guests).filter { name in
            if name.hasPrefix(UnfinishedFolder.prefix) {
                UnfinishedFolder.removeIfAbandoned(work.guests.appending(name))
                return false
            }
            return Names.isValid(name)
        }
    }

    /// Reads a guest's record.
    ///
    /// - Throws: `notFound`, naming similar ones.
    public func load(_ name: String) throws -> GuestRecord {
        try Names.check(name, "guest")
        guard Files.exists(files(name).record) else {
            let names = try self.names()
            throw Failure(
                .notFound, "there is no guest \(name)",
                hint: names.isEmpty
                    ? "`devbox clone IMAGE \(name)` makes one"
                    : "there are: \(names.prefix(10).joined(separator: ", "))\(names.count > 10 ? ", …" : "")")
        }
        return try RecordFile.read(GuestRecord.self, from: files(name).record)
    }

    /// Replaces a guest's record: the commit point of every change.
    public func save(_ record: GuestRecord) throws {
        try RecordFile.write(record, to: files(record.name).record)
        try work.give(files(record.name).record)
    }

    /// The writer's lock of a guest. While a guest runs, its supervisor holds it.
    public func lock(
        _ name: String, for purpose: String, patience: Duration = FileLock.defaultPatience,
        onWait: (String) -> Void = { _ in }
    ) throws -> FileLock {
        try FileLock(
            work.locks.appending("guest-\(name)"), of: "guest \(name)", for: purpose, patience: patience, onWait: onWait
        )
    }
}
