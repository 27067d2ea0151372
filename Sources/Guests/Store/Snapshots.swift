import DevboxCore
import Disks
import FoundationEssentials
import HostTools
import SystemPackage

/// States of stopped guests to return to: the disk as a layer, and what of the record belongs to it.
public struct Snapshots: Sendable {
    private let store: GuestStore
    private let runner: Runner

    /// - Parameters:
    ///   - store: the guests of the work directory.
    ///   - runner: runs what puts a disk right that was not shut down.
    public init(_ store: GuestStore, runner: Runner) {
        self.store = store
        self.runner = runner
    }

    /// Takes a snapshot.
    ///
    /// - Parameter wanted: its name; nil for the next of snapshot-1, snapshot-2, …
    /// - Throws: `exists`, where the name is taken.
    public func take(_ name: String, as wanted: String?) throws -> GuestRecord.Snapshot {
        if let wanted { try Names.check(wanted, "snapshot") }
        var guest = try StoppedGuest(name, in: store, for: "snapshot", runner: runner)
        let taken = Set(guest.record.snapshots.map(\.name))
        let name = wanted ?? Self.freeName(besides: taken)
        guard !taken.contains(name) else {
            throw Failure(
                .exists, "the guest \(guest.record.name) has a snapshot \(name) already",
                hint: "take another name, or forget that one with --remove")
        }
        // A disk with a journal to replay would replay it anew after each rollback.
        try guest.replayJournal()
        let layer = try Layer.freeze(guest, in: store.work)
        var record = guest.record
        let snapshot = GuestRecord.Snapshot(
            name: name, createdAt: Date(), layer: layer.name, mode: record.mode, kernels: record.kernels,
            defaultKernel: record.defaultKernel, kernelArguments: record.kernelArguments,
            memory: record.memory, packages: record.packages, sections: record.sections)
        record.snapshots.append(snapshot)
        try guest.save(record)
        return snapshot
    }

    /// Returns a stopped guest to a snapshot; what was done since is gone, the snapshot stays.
    ///
    /// - Parameter wanted: the snapshot's name; nil for the newest.
    public func rollBack(_ name: String, to wanted: String?) throws -> GuestRecord.Snapshot {
        let guest = try StoppedGuest(name, in: store, for: "rollback", runner: runner)
        let snapshots = guest.record.snapshots
        guard let snapshot = wanted.map({ wanted in snapshots.first { $0.name == wanted } }) ?? snapshots.last else {
            let names = snapshots.map(\.name).joined(separator: ", ")
            throw Failure(
                .notFound, "the guest \(name) has no snapshot\(wanted.map { " \(Names.printable($0))" } ?? "")",
                hint: names.isEmpty ? "`devbox snapshot \(name)` takes one" : "it has: \(names)")
        }
        var record = guest.record
        record.mode = snapshot.mode
        record.kernels = snapshot.kernels
        record.defaultKernel = snapshot.defaultKernel
        record.kernelArguments = snapshot.kernelArguments
        record.restoreSections(of: snapshot)
        record.memory = snapshot.memory ?? record.memory
        record.packages = snapshot.packages
        let layer = GuestFiles.disk(ofLayer: snapshot.layer, in: store.work)
        try PendingChange.replace(guest.files, with: record, work: store.work) { path in
            try OverlayDevice(over: Qcow2Reader(layer)).save(
                to: path, backingName: GuestFiles.backingName(ofLayer: snapshot.layer))
        }
        return snapshot
    }

    /// Forgets a snapshot; its disk goes when nothing stands on it.
    public func remove(_ name: String, _ wanted: String) throws {
        var guest = try StoppedGuest(name, in: store, for: "snapshot", runner: runner)
        var record = guest.record
        record.snapshots.removeAll { $0.name == wanted }
        guard record.snapshots.count < guest.record.snapshots.count else {
            throw Failure(.notFound, "the guest \(name) has no snapshot \(Names.printable(wanted))")
        }
        try guest.save(record)
        try LayerSweep.run(store)
    }

    private static func freeName(besides taken: Set<String>) -> String {
        var number = taken.count + 1
        while taken.contains("snapshot-\(number)") { number += 1 }
        return "snapshot-\(number)"
    }
}
