import DevboxCore
import Stores
import SystemPackage

/// A new disk and a new record that take the place of the present ones together, as a rollback to a snapshot needs it.
///
/// Both lie in `pending/`, whose appearance is the commit point: what a killed devbox did not finish, the next one does.
enum PendingChange {
    /// Replaces a guest's disk and record.
    ///
    /// - Parameter makeDisk: makes the new disk at the path it is given.
    static func replace(
        _ files: GuestFiles, with record: GuestRecord, work: WorkDirectory, makeDisk: (FilePath) throws -> Void
    ) throws {
        let folder = try UnfinishedFolder(for: "pending", in: files.path)
        let new = GuestFiles(name: files.name, path: folder.path)
        try makeDisk(new.disk)
        try RecordFile.write(record, to: new.record)
        for path in [new.path, new.disk, new.record] { try work.give(path) }
        try folder.finish(as: files.pending)
        try finish(files)
    }

    /// Finishes a replacement that was begun, and removes what one left that was not.
    ///
    /// - Returns: whether the guest has another record now.
    @discardableResult
    static func finish(_ files: GuestFiles) throws -> Bool {
        try UnfinishedFolder.sweep(files.path)
        guard Files.exists(files.pending) else { return false }
        let new = GuestFiles(name: files.name, path: files.pending)
        if Files.exists(new.disk) { try Files.rename(new.disk, to: files.disk) }
        if Files.exists(new.record) { try Files.rename(new.record, to: files.record) }
        try Files.syncDirectory(files.path)
        try Files.removeTree(files.pending)
        return true
    }
}
