import DevboxCore
import HostTools

/// A change of a guest's record while the guest runs.
public enum RunningRecord {
    /// Changes the record. The guest's lock is its supervisor's, which writes no record itself: those who change one at the same time
    /// wait for each other. Where the guest ended meanwhile, the change is made again under the guest's lock.
    public static func change(
        _ guest: RunningGuest, in store: GuestStore, runner: Runner, _ body: (inout GuestRecord) throws -> Void
    ) throws -> GuestRecord {
        let lock = try FileLock(
            store.work.lock(.record(guest.record.name)), of: "the record of \(guest.record.name)",
            for: "change", onWait: runner.console.say)
        defer { _ = lock.descriptor }
        var record = try store.load(guest.record.name)
        try body(&record)
        try store.save(record)
        let isSameRun = try RunningGuest(guest.record.name, in: store)?.state.startedAt == guest.state.startedAt
        if isSameRun { return record }
        var stopped = try StoppedGuest(guest.record.name, in: store, for: "change", runner: runner)
        var changed = stopped.record
        try body(&changed)
        try stopped.save(changed)
        return changed
    }
}
