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
            let reason = Failure(error).message
            runner.console.warn("no unused disk layer was removed: \(reason)")
        }
    }
}
