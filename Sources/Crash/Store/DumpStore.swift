import DevboxCore
import FoundationEssentials
import Glibc
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
    public var guestPath: String { "/work/dumps/\(record.guest)/\(record.name)" }
}

/// The dumps of a work directory: share/dumps/<guest>/<time>/{vmcore,dmesg.txt,dump.json}, and what they must be in
/// records/dumps/<guest>/<time>.json.
///
/// A dump is there when its folder and its record are; the rename of the folder comes last and decides. One that is being written
/// lies in an `UnfinishedFolder`, which is never listed and goes away with its devbox.
public struct DumpStore: Sendable {
    /// The work directory.
    public let work: WorkDirectory

    static let vmcoreName = "vmcore"
    static let messagesName = "dmesg.txt"
    static let recordName = "dump.json"

    /// - Parameter work: the work directory.
    public init(_ work: WorkDirectory) { self.work = work }

    private var dumps: FilePath { work.share.appending("dumps") }
    private var records: FilePath { work.records.appending("dumps") }

    /// The folder of a guest's dumps; it need not exist.
    public func folder(of guest: String) -> FilePath { dumps.appending(guest) }

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
        // Not through a link, whoever may have put one there.
        _ = try ShareFolder(dumps, in: work).making(guest)
        try sweep(guest)
        return UnfinishedDump(
            store: self, folder: try UnfinishedFolder(for: "dump", in: folder(of: guest)),
            guest: guest, guestID: guestID, source: source, command: command)
    }

    /// Removes what killed devboxes left in a guest's folder.
    public func sweep(_ guest: String) throws {
        guard try ShareFolder(dumps, in: work).folder([guest]) != nil else { return }
        for name in try Files.list(folder(of: guest)) where name.hasPrefix(UnfinishedFolder.prefix) {
            UnfinishedFolder.removeIfAbandoned(folder(of: guest).appending(name))
        }
    }

    /// The guests that have dumps or had some, sorted.
    public func guests() throws -> [String] { try Files.list(records).filter(Names.isValid) }

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
        let folder = records.appending(guest)
        var result: [DumpRecord] = []
        for name in try Files.list(folder) where name.hasSuffix(".json") && !name.hasPrefix(".") {
            guard let record = try? RecordFile.read(DumpRecord.self, from: folder.appending(name)),
                record.guest == guest, "\(record.name).json" == name
            else {
                unreadable(folder.appending(name))
                continue
            }
            result.append(record)
        }
        return result.sorted { ($0.time, $0.name) > ($1.time, $1.name) }
    }

    /// A record's dump, where its vmcore is as large as it was; nil where it is not there any more.
    public func stored(_ record: DumpRecord) throws -> StoredDump? {
        guard record.removedAt == nil,
            let folder = try ShareFolder(dumps, in: work).folder([record.guest, record.name]),
            let vmcore = try folder.open(Self.vmcoreName)
        else { return nil }
        defer { try? vmcore.close() }
        var status = stat()
        guard fstat(vmcore.rawValue, &status) == 0, Int64(status.st_size) == record.size else { return nil }
        return StoredDump(record: record, folder: dumps.appending(record.guest).appending(record.name))
    }

    /// Removes a dump. Its record stays, so that the guest's file is known when it is seen again.
    public func remove(_ dump: StoredDump) throws {
        var record = dump.record
        record.removedAt = Date()
        let doomed = folder(of: record.guest).appending("\(UnfinishedFolder.prefix)removed-\(record.name)-\(getpid())")
        try Files.rename(dump.folder, to: doomed)
        try write(record)
        try Files.removeTree(doomed)
        try? sweep(record.guest)
    }

    /// Removes all dumps of a guest, and what is known of them.
    public func forget(_ guest: String) throws {
        try Files.removeTree(records.appending(guest))
        try Files.removeTree(folder(of: guest))
    }

    private func recordFile(_ record: DumpRecord) -> FilePath {
        records.appending(record.guest).appending("\(record.name).json")
    }

    func write(_ record: DumpRecord) throws {
        for folder in [records, records.appending(record.guest)] { try work.own(folder, mode: 0o700) }
        try RecordFile.write(record, to: recordFile(record))
        try work.give(recordFile(record))
    }

    /// Puts a dump into place under the first free name that its time gives.
    func keep(_ folder: consuming UnfinishedFolder, _ record: DumpRecord) throws -> StoredDump {
        // Two dumps of one second must not take each other's record.
        let lock = try FileLock(work.locks.appending("dumps"), of: "the dumps", for: "a dump")
        defer { _ = lock.descriptor }
        var record = record
        let stamp = Self.stamp(record.time)
        var number = 1
        repeat {
            record.name = number == 1 ? stamp : "\(stamp)-\(number)"
            number += 1
        } while try isTaken(record)
        let file = folder.path.appending(Self.recordName)
        try Files.writeAtomically(RecordFile.json(record), to: file, mode: 0o644)
        try work.give(file)
        try write(record)
        let final = self.folder(of: record.guest).appending(record.name)
        try folder.finish(as: final)
        return StoredDump(record: record, folder: final)
    }

    /// A record without a folder is what a killed devbox left, unless its dump was removed on purpose.
    private func isTaken(_ record: DumpRecord) throws -> Bool {
        if Files.exists(folder(of: record.guest).appending(record.name)) { return true }
        guard Files.exists(recordFile(record)) else { return false }
        guard let there = try? RecordFile.read(DumpRecord.self, from: recordFile(record)) else { return true }
        return there.removedAt != nil
    }

    /// "20261103T174612Z": ISO 8601 without what file names had better not have.
    static func stamp(_ time: Date) -> String {
        var seconds = time_t(time.timeIntervalSince1970)
        var parts = tm()
        gmtime_r(&seconds, &parts)
        func two(_ number: Int32) -> String { (number < 10 ? "0" : "") + "\(number)" }
        return "\(parts.tm_year + 1900)\(two(parts.tm_mon + 1))\(two(parts.tm_mday))"
            + "T\(two(parts.tm_hour))\(two(parts.tm_min))\(two(parts.tm_sec))Z"
    }
}
