import DevboxCore
import Guests
import HostTools

/// The guests of a work directory as targets.
public struct GuestTargets: Sendable {
    /// The guests.
    public let store: GuestStore
    /// Runs the programs of the host that reach them.
    public let runner: Runner

    /// - Parameters:
    ///   - store: the guests of the work directory.
    ///   - runner: runs the programs of the host that reach them.
    public init(_ store: GuestStore, runner: Runner) { (self.store, self.runner) = (store, runner) }

    /// A guest as it is at this moment. It is looked up once: a stopped one's lock is held as long as the value lives.
    ///
    /// - Parameters:
    ///   - name: the guest's name.
    ///   - purpose: the command, for those who wait and for messages.
    /// - Throws: `notFound`; `needsRoot` for a stopped one; as `running`.
    public func target(_ name: String, for purpose: String) throws -> any Target {
        if let running = try running(name) { return running }
        return try StoppedTarget(name, for: purpose, in: store, runner: runner)
    }

    /// A guest that runs; nil where it does not.
    ///
    /// - Throws: `usage` for one that runs where `--in` is given, which is for stopped ones.
    public func running(_ name: String) throws -> RunningTarget? {
        guard let guest = try RunningGuest(name, in: store) else { return nil }
        try store.sandboxes.refuseIfUnused(
            "the guest \(name) runs already", hint: "leave --in away; or `devbox stop \(name)` first")
        return RunningTarget(guest, in: store, runner: runner)
    }

    /// The same targets, where those that run are worked on whatever `--in` says: it counts for the others then.
    public var alsoRunning: GuestTargets {
        var store = store
        store.sandboxes.wanted = nil
        return GuestTargets(store, runner: runner)
    }
}
