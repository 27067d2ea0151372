import DevboxCore
import Glibc
import HostTools
import Stores
import SystemPackage
import Templates

/// The guests of a work directory.
public struct GuestStore: Sendable {
    /// The work directory.
    public let work: WorkDirectory

    /// What commands in its stopped guests are to run in.
    public var sandboxes: SandboxPolicy

    /// - Parameters:
    ///   - work: the work directory.
    ///   - sandboxes: what commands in its stopped guests are to run in.
    public init(_ work: WorkDirectory, sandboxes: SandboxPolicy = SandboxPolicy()) {
        (self.work, self.sandboxes) = (work, sandboxes)
    }

    /// What devbox hands to guests and programs, with the user's own versions.
    package var templates: Templates { Templates(work) }

    /// The files of the guest of a name; it need not exist.
    public func files(_ name: String) -> GuestFiles { GuestFiles(name, in: work) }

    /// The names of all guests, sorted. Folders that a killed clone left unfinished are removed on the way.
    public func names() throws -> [String] {
        try UnfinishedFolder.sweep(work.guests).filter(Names.isValid)
    }

    /// Throws where there is no guest of a name, without reading its record.
    ///
    /// - Throws: `notFound`, naming others; `usage` for what is no name.
    public func check(_ name: String) throws {
        try Names.check(name, "guest")
        guard Files.exists(files(name).record) else {
            let names = try self.names()
            throw Failure(
                .notFound, "there is no guest \(name)",
                hint: names.isEmpty
                    ? "`devbox clone IMAGE \(name)` makes one"
                    : "there are: \(names.prefix(10).joined(separator: ", "))\(names.count > 10 ? ", …" : "")")
        }
    }

    /// Reads a guest's record.
    ///
    /// - Throws: as `check`; `badInput` for a damaged one.
    public func load(_ name: String) throws -> GuestRecord {
        try check(name)
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
        try FileLock(work.lock(.guest(name)), of: "guest \(name)", for: purpose, patience: patience, onWait: onWait)
    }
}
