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
        try FileLock(work.locks.appending("guest-\(name)"), of: "guest \(name)", for: purpose, patience: patience, onWait: onWait)
    }
}

/// A folder that is being filled and will be renamed into place: it is either there as a whole, or not at all.
///
/// The folder itself is locked while it is filled, so that one which nobody locks was left by a killed devbox.
public struct UnfinishedFolder: ~Copyable {
    /// Where the files are put.
    public let path: FilePath
    private let descriptor: FileDescriptor
    static let prefix = ".new-"

    /// Makes the folder beside its later place.
    public init(for name: String, in directory: FilePath) throws {
        let path = directory.appending("\(Self.prefix)\(name)-\(getpid())")
        while true {
            try posix("make the directory \(path)") { mkdir(path.string, 0o700) }
            let descriptor = try Files.open(path, .readOnly, .directory)
            // Between the two calls somebody may have taken it for abandoned.
            if flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0, Files.exists(path) {
                self.path = path
                self.descriptor = descriptor
                return
            }
            try? descriptor.close()
        }
    }

    /// Puts it into place under its name.
    ///
    /// - Throws: `exists`, where that name is taken.
    public consuming func finish(as final: FilePath) throws {
        try Files.syncDirectory(path)
        try Files.renameNew(path, to: final)
        try Files.syncDirectory(final.removingLastComponent())
    }

    deinit {
        // Renamed, it is not there under this name any more.
        try? Files.removeTree(path)
        try? descriptor.close()
    }

    /// Removes a folder that nobody is filling.
    static func removeIfAbandoned(_ path: FilePath) {
        guard let descriptor = try? Files.open(path, .readOnly, .directory) else { return }
        defer { try? descriptor.close() }
        if flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 { try? Files.removeTree(path) }
    }
}
