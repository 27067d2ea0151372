import DevboxCore
import Disks
import HostTools
import Sandbox
import SystemPackage

/// A guest that does not run and that nobody else changes: its lock is held, and what a killed devbox left is put right.
public struct StoppedGuest: ~Copyable {
    /// The guests of its work directory.
    public let store: GuestStore
    /// The paths of its files.
    public let files: GuestFiles
    /// Its record, as the file has it now.
    public internal(set) var record: GuestRecord
    package let runner: Runner
    package let lock: FileLock

    /// Takes the guest's lock and brings the guest into a whole state.
    ///
    /// - Parameters:
    ///   - name: the guest's name.
    ///   - purpose: the command, for those who wait.
    ///   - otherwise: what else than stopping it the user of a running guest can do, for the hint.
    /// - Throws: `busy` where the guest runs or another devbox does not let go of it, `notFound`.
    public init(
        _ name: String, in store: GuestStore, for purpose: String, otherwise: String? = nil, runner: Runner
    ) throws {
        try store.check(name)
        let isRunning = Failure(
            .busy, "the guest \(name) is running",
            hint: "`devbox stop \(name)` stops it\(otherwise.map { "; \($0)" } ?? "")")
        if RunningGuest.isRunning(store.files(name)) { throw isRunning }
        let lock: FileLock
        do {
            lock = try store.lock(name, for: purpose, onWait: runner.console.say)
        } catch let error as Failure where error.exitCode == .busy && RunningGuest.isRunning(store.files(name)) {
            throw isRunning
        }
        try self.init(name, in: store, holding: lock, runner: runner)
    }

    /// The same for one whose lock is held already.
    init(_ name: String, in store: GuestStore, holding lock: consuming FileLock, runner: Runner) throws {
        let files = store.files(name)
        // While somebody waited for the lock, the guest may have been removed.
        var record = try store.load(name)
        let wasKilled = Files.exists(files.run)
        try Files.removeTree(files.run)
        if try PendingChange.finish(files) { record = try store.load(name) }
        try Files.remove(files.spareDisk)
        try Files.remove(files.edits)
        if wasKilled {
            for tree in ContainerCgroups.trees { ContainerCgroups.remove(record.containerName, in: tree) }
        }
        try DiskTransaction.recover(files, record: &record, store: store, runner: runner)
        self.store = store
        self.files = files
        self.record = record
        self.runner = runner
        self.lock = lock
    }

    /// Replaces the guest's record.
    package mutating func save(_ record: GuestRecord) throws {
        try store.save(record)
        self.record = record
    }

    /// The disk as its layers have it, read-only, in process.
    public func openRoot() throws -> Ext4FileSystem {
        try record.root.open(on: Qcow2Reader(files.disk), name: files.disk.string)
    }

    /// Replays the journal of a guest that was not shut down; without it an edit would be undone, or refused.
    public func replayJournal() throws {
        let state = try journalState()
        guard state.needsReplay || state.wasCutOff else { return }
        runner.console.detail("replaying the journal of \(files.name)")
        try JournalReplay.run(self)
        let now = try journalState()
        guard !now.needsReplay, !now.wasCutOff else { throw DiskError.needsReplay(disk: files.disk.string) }
    }

    /// Whether the disk has a journal to replay, and whether it was cut off where none was kept.
    func journalState() throws -> (needsReplay: Bool, wasCutOff: Bool) {
        let root = try openRoot()
        return (root.needsReplay, root.wasCutOff)
    }

    /// Puts a disk right that was cut off in an ordinary user's container: it has no journal for the kernel to replay.
    package func mendIfCutOff() throws {
        guard (try? openRoot().wasCutOff) == true else { return }
        try replayJournal()
    }

    /// Makes the disk fit to be edited in process, where anything ever ran in the guest: its journal replayed, and its file system checked,
    /// for the guest's root may have prepared it.
    package func prepareForEditing() throws {
        if record.isUntouched { return }
        try JournalReplay.run(self, checks: true)
    }
}
