import Crash
import DevboxCore
import Guests
import HostTools
import Targets

/// Proves that a guest leaves a dump when its kernel panics: a throw-away clone of it panics, and its dump is brought out.
public struct DumpProof: Sendable {
    private let guests: GuestStore
    private let runner: Runner
    private let command: String

    /// - Parameters:
    ///   - guests: the guests of the work directory.
    ///   - runner: runs what the clone needs.
    ///   - command: the command line, for records.
    public init(_ guests: GuestStore, runner: Runner, command: String) {
        (self.guests, self.runner, self.command) = (guests, runner, command)
    }

    /// Crashes a clone of a stopped guest, and gives back what is known of its dump. Clone and dump are gone afterwards.
    ///
    /// - Parameter limit: how long the crash kernel may take.
    /// - Throws: why there is no dump, or no whole one.
    public func prove(_ name: String, limit: Duration) throws -> DumpRecord {
        let clone = "verify-\(String(UInt32.random(in: .min ... .max), radix: 36))"
        try Cloner(guests.work, sandboxes: guests.sandboxes, runner: runner).clone(
            name, as: clone, CloneOptions(command: command))
        defer {
            do {
                try GuestRemoval.remove(clone, from: guests, force: true, runner: runner.undisturbed)
            } catch {
                runner.console.warn("the clone \(clone) is still there: \(error)")
            }
        }
        let folder = try GuestDumps(
            on: StoppedGuest(clone, in: guests, for: "kdump-arm", runner: runner), in: guests.work
        )
        .target.place(of: name)
        let starter = GuestStarter(guests, runner: runner)
        let running = try starter.start(clone, StartOptions(mode: .kvm))
        do {
            var command = try TargetCommand(
                guests.templates.shell("dumps/crash.sh", [folder]), limit: .seconds(120))
            command.output = .null
            let status = try RunningTarget(running, in: guests, runner: runner).run(command).status
            let reason = status == 69 ? "its crash kernel is not loaded" : "its kernel does not panic by sysrq"
            throw Failure(
                .failure, "no dump of \(name): \(reason)", hint: "devbox kdump-status \(name), in a clone that runs")
        } catch GuestError.panicked {
            let outcome = try GuestWaiter(guests).wait(clone, for: .dump, limit: limit)
            try RunningGuest(clone, in: guests)?.stop(within: .zero)
            return try bringOut(outcome.dump?.path ?? "", from: clone, of: name)
        } catch let error as GuestError {
            // The clone is removed.
            throw error.ofSwitchedOff
        }
    }

    private func bringOut(_ path: String, from clone: String, of name: String) throws -> DumpRecord {
        let store = DumpStore(guests.work)
        defer { try? store.forget(clone) }
        let collected = try DumpCollector(guests, runner: runner, command: command).collect(clone)
        guard let dump = collected.added.first?.record else {
            let reason =
                collected.refused.first.map(\.reason) ?? collected.obstacles.first ?? "there is none in \(path)"
            throw Failure(.failure, "no dump of \(name): \(Names.printable(reason))")
        }
        guard dump.isComplete else {
            throw Failure(.failure, "the dump of \(name) is incomplete: \(Names.printable(dump.defect ?? "cut off"))")
        }
        return dump
    }
}
