import DevboxCore
import Glibc
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
        let (replays, wasCutOff) = try guest.journalState()
        if wasCutOff {
            guest.runner.console.warn(
                "\(guest.files.name) was cut off while it ran as a container without root: its disk is checked and mended, "
                    + "and what was being written may be lost")
        }
        // What was cut off ran on a host that has what it takes.
        if !wasCutOff, wantsAppliance(guest) {
            do {
                return try inAppliance(guest, checks ? replays ? .both : .whole : .replay)
            } catch let missing as NoApplianceKernel {
                // e2fsck(8) can do it on the host, too, where the host lets it; the host's kernel mounts nothing for it.
                guest.runner.console.detail(missing.message)
            }
        }
        let plan = try guest.record.sandbox(
            .settleDisk(replays: replays, checks: checks, wasCutOff: wasCutOff), guest.files, in: guest.store.work)
        try Files.makeDirectory(guest.files.run)
        defer { try? Files.removeTree(guest.files.run) }
        var sandbox = try Sandbox(
            plan, lock: guest.lock.descriptor, streams: .attached(input: .null, output: .null),
            console: guest.runner.console)
        _ = try sandbox.finish()
    }

    /// Whether what e2fsck reads is to be read in an appliance: for root where nobody trusts it, for others where they have no other way.
    private static func wantsAppliance(_ guest: borrowing StoppedGuest) -> Bool {
        if access("/dev/fuse", R_OK | W_OK) != 0 { return true }
        return isRoot && (try? guest.store.sandboxKind(for: guest.record)) == .appliance
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
