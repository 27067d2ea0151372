import DevboxCore
import Disks
import HostTools
import SystemPackage

/// The replay of the journal of a guest that was killed and not shut down. Without it an edit of the disk would be refused, or
/// undone by a later replay.
enum JournalReplay {
    /// What a plan's first argument says where the whole file system is to be checked too.
    private static let checking = "check"
    /// And where there is a journal to replay.
    private static let replaying = "replay"

    /// Replays it in an enclosure.
    ///
    /// - Parameter checks: whether the whole file system is checked after that, before libext2fs is let at what a guest's root
    ///   may have prepared: it believes more than e2fsck does.
    static func run(_ guest: borrowing StoppedGuest, checks: Bool = false) throws {
        var plan = LaunchPlan(
            kind: .replay, work: guest.store.work.path.string, guest: guest.files.name,
            verbosity: guest.runner.console.level.rawValue)
        plan.arguments = try (checks ? [checking] : []) + (guest.openRoot().needsReplay ? [replaying] : [])
        try Files.makeDirectory(guest.files.run)
        defer { try? Files.removeTree(guest.files.run) }
        var enclosure = try Enclosure(
            plan, lock: guest.lock, streams: .attached(input: .null, output: .null), console: guest.runner.console)
        _ = try enclosure.next()
        try enclosure.waitUntilGone()
    }

    /// The enclosed part.
    static func runEnclosed(_ supervisor: Supervisor) throws -> Int32 {
        let folder = try PrivateFolder(for: supervisor.files)
        let export = try DiskExport(
            supervisor.files.disk, partition: supervisor.record.root.partition, in: folder, runner: supervisor.runner)
        let checks = supervisor.plan.arguments.contains(checking)
        func isSound() throws -> Bool {
            try supervisor.runner.attempt(Command(E2fsck.program, ["-fn", folder.disk.string])).status.isSuccess
        }
        // One that is sound as it is is not written to. Of a journal to replay the check without writing takes no notice.
        var sound = try checks && !supervisor.plan.arguments.contains(replaying) && isSound()
        if !sound {
            // A status of 1 says that errors were corrected: the journal was one.
            let output = try supervisor.runner.attempt(Command(E2fsck.program, ["-p", folder.disk.string]))
            guard case .exited(let status) = output.status, status <= 1 else {
                try export.close()
                throw HostToolError.failed(E2fsck.program, output.status, complaint: output.complaint)
            }
            sound = try !checks || isSound()
        }
        try export.close()
        if !sound {
            throw DiskError.damaged(
                disk: supervisor.files.disk.string,
                defect: "e2fsck finds errors in its root file system that it cannot mend")
        }
        supervisor.send(.ended(status: 0))
        return 0
    }
}
