import DevboxCore
import Disks
import SystemPackage

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
