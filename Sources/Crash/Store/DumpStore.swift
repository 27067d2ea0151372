import DevboxCore
import FoundationEssentials
import Glibc
import Stores
import SystemPackage

/// A dump in the store.
public struct StoredDump: Sendable {
    /// What is known of it.
    public let record: DumpRecord
    /// Its folder on the host.
    public let folder: FilePath

    /// The dump itself.
    public var vmcore: FilePath { folder.appending(DumpStore.vmcoreName) }
    /// The kernel's messages; the record says whether there are any.
    public var messages: FilePath { folder.appending(DumpStore.messagesName) }
    /// The folder as guests see it.
    public var guestPath: String { SharedStore.guestPath(of: record) }
}

/// The dumps of a work directory: share/dumps/<guest>/<time>/{vmcore,dmesg.txt,dump.json}, and what they must be in
/// records/dumps/<guest>/<time>.json.
///
/// One that is being written lies in an `UnfinishedFolder`, which is never listed and goes away with its devbox.
public struct DumpStore: Sendable {
    /// The work directory.
    public var work: WorkDirectory { store.work }
    private let store: SharedStore<DumpRecord>

    static let vmcoreName = "vmcore"
    static let messagesName = "dmesg.txt"
    static let recordName = "dump.json"

    /// - Parameter work: the work directory.
    public init(_ work: WorkDirectory) { store = SharedStore(work) }

    /// The folder of a guest's dumps; it need not exist.
    public func folder(of guest: String) -> FilePath { store.path([guest]) }

    /// Makes the folder of a dump that is to be written. It is gone again when the value goes away without `finish`.
    ///
    /// - Parameters:
    ///   - guest: the guest's name.
    ///   - guestID: the guest's identity, `GuestRecord.id`.
    ///   - command: the command line, for the record.
    public func begin(guest: String, guestID: String, source: DumpRecord.Source, command: String) throws
        -> UnfinishedDump
    {
        try Names.check(guest, "guest")
        return UnfinishedDump(
            store: self, folder: try store.begin("dump", below: [guest]), guest: guest, guestID: guestID,
            source: source, command: command)
    }

    /// Removes what killed devboxes left in a guest's folder.
    public func sweep(_ guest: String) throws { try store.sweep(below: [guest]) }

    /// The guests that have dumps or had some, sorted.
    public func guests() throws -> [String] { try store.records.names().filter(Names.isValid) }

    /// The dumps that are there, by guest, the newest first.
    ///
    /// - Parameters:
    ///   - guest: only this guest's; nil for all.
    ///   - unreadable: told of each record that cannot be read.
    public func list(_ guest: String? = nil, unreadable: (FilePath) -> Void = { _ in }) throws -> [StoredDump] {
        try (guest.map { [$0] } ?? guests()).flatMap { guest in
            try known(guest, unreadable: unreadable).compactMap { try stored($0) }
        }
    }

    /// The records of a guest's dumps, the newest first, with those of dumps that were removed from the store.
    public func known(_ guest: String, unreadable: (FilePath) -> Void = { _ in }) throws -> [DumpRecord] {
        try store.records.all(below: [guest], unreadable: unreadable)
            .sorted { ($0.time, $0.name) > ($1.time, $1.name) }
    }

    /// A record's dump, where its vmcore is as large as it was; nil where it is not there any more.
    public func stored(_ record: DumpRecord) throws -> StoredDump? {
        guard record.removedAt == nil, try store.has(record) else { return nil }
        return StoredDump(record: record, folder: store.path(of: record))
    }

    /// Removes a dump. Its record stays, so that the guest's file is known when it is seen again.
    public func remove(_ dump: StoredDump) throws {
        var record = dump.record
        record.removedAt = Date()
        try store.remove(dump.record, leaving: record)
        try? sweep(record.guest)
    }

    /// Removes all dumps of a guest, and what is known of them.
    public func forget(_ guest: String) throws {
        try store.records.removeAll(below: [guest])
        try Files.removeTree(folder(of: guest))
    }

    /// Puts a dump into place under the first free name that its time gives.
    func keep(_ folder: consuming UnfinishedFolder, _ record: DumpRecord) throws -> StoredDump {
        // Two dumps of one second must not take each other's record.
        let lock = try store.lock(for: "a dump")
        defer { withExtendedLifetime(lock.descriptor) {} }
        var record = record
        let base = Self.name(of: record.time)
        var number = 1
        repeat {
            record.name = number == 1 ? base : "\(base)-\(number)"
            number += 1
        } while try isTaken(record)
        try Files.writeAtomically(RecordFile.json(record), to: folder.path.appending(Self.recordName), mode: 0o644)
        try store.finish(folder, as: record)
        return StoredDump(record: record, folder: store.path(of: record))
    }

    /// A record without a folder is what a killed devbox left, unless its dump was removed on purpose.
    private func isTaken(_ record: DumpRecord) throws -> Bool {
        if Files.exists(store.path(of: record)) { return true }
        do {
            return try store.records.read(record.place).map { $0.removedAt != nil } ?? false
        } catch {
            // Not to be read: perhaps it is another devbox's.
            return true
        }
    }

    /// "20261103T174612Z": ISO 8601 without what file names had better not have.
    static func name(of time: Date) -> String {
        var seconds = time_t(time.timeIntervalSince1970)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + "\(number)" }
        return "\(parts.tm_year + 1900)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))"
            + "T\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec))Z"
    }
}
