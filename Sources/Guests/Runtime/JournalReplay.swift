import DevboxCore
import HostTools
import Sandbox

/// The replay of the journal of a guest that was killed and not shut down. Without it an edit of the disk would be refused, or
/// undone by a later replay.
enum JournalReplay {
    /// Replays it in a sandbox, or an appliance.
    ///
    /// - Parameter checks: whether the whole file system is checked after that, before libext2fs is let at what a guest's root
    ///   may have prepared.
    static func run(_ guest: borrowing StoppedGuest, checks: Bool = false) throws {
        let replays = try guest.openRoot().needsReplay
        // It runs none of the guest's programs: who has a container wanted without being root can have this.
        if (try? guest.store.sandboxKind(for: guest.record)) == .appliance {
            return try inAppliance(guest, checks ? replays ? .both : .whole : .replay)
        }
        let plan = try guest.record.sandbox(
            .settleDisk(replays: replays, checks: checks), guest.files, in: guest.store.work)
        try Files.makeDirectory(guest.files.run)
        defer { try? Files.removeTree(guest.files.run) }
        var sandbox = try Sandbox(
            plan, lock: guest.lock.descriptor, streams: .attached(input: .null, output: .null),
            console: guest.runner.console)
        _ = try sandbox.finish()
    }

    private static func inAppliance(_ guest: borrowing StoppedGuest, _ check: GuestAppliance.Check) throws {
        let machine = try GuestAppliance(guest, .init(check: check))
        do {
            try machine.awaitStart(within: limit)
            try machine.finish()
        } catch {
            machine.kill()
            throw error
        }
    }

    /// How long it may take: a large file system, emulated.
    private static let limit = Duration.seconds(600)
}
