import DevboxCore
import Disks
import HostTools
import Stores
import SystemPackage

/// Removing guests, and the layers that nobody stands on any more.
public enum GuestRemoval {
    /// Removes a stopped guest. It is gone as a whole, or there as before.
    ///
    /// - Parameter force: whether a running one is stopped at once, without asking it.
    public static func remove(_ name: String, from store: GuestStore, force: Bool, runner: Runner) throws {
        do {
            _ = try store.load(name)
        } catch let error as any ReportableError where error.exitCode != .usage && Files.exists(store.files(name).path)
        {
            guard force else {
                throw Failure(
                    error.exitCode, error.message, hint: "`devbox remove --force \(name)` removes what is left of it")
            }
            return try removeDamaged(name, from: store, runner: runner)
        }
        if force { try RunningGuest(name, in: store)?.stop(within: .zero) }
        do {
            let guest = try StoppedGuest(
                name, in: store, for: "remove", otherwise: "--force does both", runner: runner)
            try UnfinishedFolder.discard(guest.files.path)
        }
        sweep(store, runner)
    }

    /// Removes a guest of which the record cannot be read: nobody knows what it is any more, but that it does not run.
    private static func removeDamaged(_ name: String, from store: GuestStore, runner: Runner) throws {
        do {
            let lock = try store.lock(name, for: "remove", onWait: runner.console.say)
            defer { withExtendedLifetime(lock.descriptor) {} }
            try UnfinishedFolder.discard(store.files(name).path)
        }
        sweep(store, runner)
    }

    private static func sweep(_ store: GuestStore, _ runner: Runner) {
        do {
            try LayerSweep.run(store)
        } catch {
            // The guest is gone. What another guest's damaged record stands on is not known: every layer stays.
            let reason = (error as? any ReportableError)?.message ?? "\(error)"
            runner.console.warn("no unused disk layer was removed: \(reason)")
        }
    }
}

/// Removes the layers that no disk stands on: those of removed guests, and those that a killed `clone` or `snapshot` left.
public enum LayerSweep {
    /// Removes them, unless somebody is just making one.
    ///
    /// - Returns: the layers that were removed.
    @discardableResult
    public static func run(_ store: GuestStore, dryRun: Bool = false) throws -> [String] {
        guard
            let lock = try? FileLock(
                store.work.lock(.layers), of: "the layers", for: "sweep", patience: .zero)
        else { return [] }
        defer { _ = lock.descriptor }
        let used = try layersInUse(store)
        var removed: [String] = []
        for name in try Files.list(store.work.layers) where !used.contains(name) {
            if !dryRun { try Files.removeTree(store.work.layers.appending(name)) }
            removed.append(name)
        }
        return removed
    }

    /// The layers that guests' disks and snapshots stand on, with those below them.
    static func layersInUse(_ store: GuestStore) throws -> Set<String> {
        var used: Set<String> = []
        func follow(_ disk: FilePath) throws {
            guard let below = try Qcow2Header.read(disk)?.backingFile, let name = layerName(below) else { return }
            if used.insert(name).inserted { try follow(GuestFiles.disk(ofLayer: name, in: store.work)) }
        }
        for name in try Files.list(store.work.guests) {
            let files = GuestFiles(name: name, path: store.work.guests.appending(name))
            let pending = GuestFiles(name: name, path: files.pending)
            for disk in [files.disk, files.spareDisk, pending.disk] where Files.exists(disk) { try follow(disk) }
            for record in [files.record, pending.record] where Files.exists(record) {
                for snapshot in try RecordFile.read(GuestRecord.self, from: record).snapshots {
                    if used.insert(snapshot.layer).inserted {
                        try follow(GuestFiles.disk(ofLayer: snapshot.layer, in: store.work))
                    }
                }
            }
        }
        return used
    }

    private static func layerName(_ backing: String) -> String? {
        let parts = FilePath(backing).components.map(\.string)
        guard let index = parts.firstIndex(of: "layers"), index + 1 < parts.count else { return nil }
        return parts[index + 1]
    }
}
