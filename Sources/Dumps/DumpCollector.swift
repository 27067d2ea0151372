import Crash
import DevboxCore
import FoundationEssentials
import Glibc
import Guests
import HostTools
import SystemPackage
import Targets

/// Brings the dumps of guests into the store: from the disk of a stopped one, which changes nothing on it, and over ssh from a
/// running one.
public struct DumpCollector: Sendable {
    let guests: GuestStore
    let store: DumpStore
    private let runner: Runner
    private let command: String
    /// How long one dump of a running guest may take.
    private let limit: Duration

    /// A guest's own messages, where ours cannot be read, and no more of them.
    private static let mostMessages = 16 << 20
    /// All zeroes of a hole would have to be digested.
    private static let largestUndigestedHoles: Int64 = 4 << 30

    /// - Parameters:
    ///   - guests: the guests of the work directory.
    ///   - runner: runs what reaches a running guest.
    ///   - command: the command line, for records.
    ///   - limit: how long one dump of a running guest may take.
    public init(_ guests: GuestStore, runner: Runner, command: String, limit: Duration = .seconds(3600)) {
        (self.guests, self.runner, self.command, self.limit) = (guests, runner, command, limit)
        store = DumpStore(guests.work)
    }

    /// Brings out the dumps of a guest that are not in the store yet. One that is refused does not keep the others.
    ///
    /// - Parameters:
    ///   - removing: whether those that are in the store, or were removed from it on purpose, are removed from the guest; of a
    ///     stopped one as one transaction, which needs root.
    ///   - progress: is called while a dump is copied.
    /// - Throws: where the guest cannot be looked at: it is busy, does not answer, or its disk is damaged.
    public func collect(_ name: String, removing: Bool = false, progress: (TransferProgress) -> Void = { _ in }) throws
        -> CollectedDumps
    {
        let lock = try FileLock(
            guests.work.lock(.dumps(name)), of: "the dumps of \(name)", for: "dumps",
            onWait: runner.console.say)
        defer { _ = lock.descriptor }
        try store.sweep(name)
        var result: CollectedDumps
        var found: [DumpCandidate] = []
        let isRunning: Bool
        if let running = try GuestTargets(guests, runner: runner).alsoRunning.running(name) {
            isRunning = true
            try checkAnswers(running.guest)
            let source = RunningSource(running, templates: guests.templates, limit: limit)
            result = try collect(running.guest.record, from: source, found: &found, progress)
        } else {
            isRunning = false
            let stopped = try StoppedGuest(name, in: guests, for: "dumps", runner: runner)
            replayJournal(stopped)
            result = try collect(stopped.record, from: DiskSource(stopped), found: &found, progress)
        }
        if removing {
            let gone = try store.brought(found.map(\.dump), of: guests.load(name)).map { dump in
                found.first { $0.dump.path == dump.path } ?? DumpCandidate(dump: dump, messages: nil)
            }
            do {
                try DumpRemoval(guests, runner: runner).remove(gone, from: name, isRunning: isRunning)
                result.removed = gone.map(\.dump.path)
            } catch let error as any ReportableError {
                result.removalFailure = error
            }
        }
        return result
    }

    /// A kernel that stands still would be waited for in vain.
    private func checkAnswers(_ guest: RunningGuest) throws {
        guard let silence = guest.silence else { return }
        let name = guest.record.name
        let hint =
            switch silence {
            case .savesDump: "`devbox wait \(name) --for dump`"
            case .isDumped: "try again when that has ended"
            case .standsStill: "`devbox stop \(name)`: its dumps are then read from its disk"
            }
        throw Failure(.busy, "\(name) \(silence.words)", hint: hint)
    }

    /// A guest that crashed was not shut down. Who may not mount it reads what its disk had before the journal.
    private func replayJournal(_ guest: borrowing StoppedGuest) {
        do {
            try guest.replayJournal()
        } catch {
            runner.console.warn(
                "\(guest.files.name): its journal is not replayed, its last dump may be missing: \(error)")
        }
    }

    private func collect<Source: DumpSource & ~Copyable>(
        _ guest: GuestRecord, from source: borrowing Source, found: inout [DumpCandidate],
        _ progress: (TransferProgress) -> Void
    ) throws -> CollectedDumps {
        let listing = try source.listing()
        let folder = CrashFolder(listing.entries)
        found = folder.candidates
        var result = CollectedDumps()
        result.obstacles = listing.target.obstacles
        result.refused = folder.refused.map {
            RefusedDump(guest: guest.name, path: $0.path, reason: $0.reason, exitCode: .badInput)
        }
        let known = Set(try store.brought(found.map(\.dump), of: guest).map(\.path))
        for candidate in found where !known.contains(candidate.dump.path) {
            do {
                result.added.append(try bring(candidate, of: guest, from: source, progress))
            } catch let error as any ReportableError where error.exitCode != .interrupted {
                result.refused.append(
                    RefusedDump(
                        guest: guest.name, path: candidate.dump.path, reason: error.description,
                        // These two are `exec`'s.
                        exitCode: [.panicked, .timedOut].contains(error.exitCode) ? .busy : error.exitCode))
            }
        }
        return result
    }

    private func bring<Source: DumpSource & ~Copyable>(
        _ candidate: DumpCandidate, of guest: GuestRecord, from source: borrowing Source,
        _ progress: (TransferProgress) -> Void
    ) throws -> StoredDump {
        let entry = candidate.dump
        let needed = try source.dataSize(of: entry)
        try checkRoom(needed)
        let dump = try store.begin(guest: guest.name, guestID: guest.id, source: .kdump, command: command)
        let file = try dump.makeVmcore()
        defer { try? file.close() }
        var receiver = DumpReceiver(file, name: "the file", size: entry.size)
        try source.copy(entry, to: &receiver) { received in
            try Interrupts.check()
            progress(
                TransferProgress(
                    name: "\(guest.name):\(entry.path)", received: received, total: entry.size))
        }
        var details = DumpDetails()
        details.defect = try receiver.finish()
        if candidate.isUnfinished { details.defect = "the guest's crash kernel did not come to its end" }
        // A guest may claim any time; years have four digits.
        details.time = Date(timeIntervalSince1970: Double(min(max(entry.modified, 0), 253_402_300_799)))
        details.origin = entry.origin
        details.guestMessages = try candidate.messages.map {
            try source.beginning(of: $0, limit: Self.mostMessages)
        }
        return try dump.finish(details, digest: entry.size - needed <= Self.largestUndigestedHoles)
    }

    private func checkRoom(_ needed: Int64) throws {
        var status = statvfs()
        try posix("look at \(guests.work.share)") { statvfs(guests.work.share.string, &status) }
        let free = Int64(status.f_bavail) * Int64(status.f_frsize)
        guard needed <= free else {
            throw Failure(
                .failure, "it has \(ByteSize.text(needed)) and \(guests.work.share) only \(ByteSize.text(free)) left",
                hint: "free some space there, with `devbox dumps --keep N` for instance")
        }
    }
}
