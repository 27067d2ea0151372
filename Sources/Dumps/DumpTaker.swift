import Crash
import DevboxCore
import Guests
import HostTools
import QMP

/// Takes dumps of running guests from outside, into the store.
public struct DumpTaker: Sendable {
    private let guests: GuestStore
    private let runner: Runner
    private let command: String

    /// - Parameters:
    ///   - guests: the guests of the work directory.
    ///   - runner: its console is told what happens to a kernel that is made to panic.
    ///   - command: the command line, for records.
    public init(_ guests: GuestStore, runner: Runner, command: String) {
        (self.guests, self.runner, self.command) = (guests, runner, command)
    }

    /// Has QEMU write a guest's memory. The guest stands still meanwhile; where it fails, nothing is left in the store.
    ///
    /// - Parameter progress: is called some times a second.
    /// - Throws: `notFound` for a guest that does not run, `usage` for one that runs as a container.
    public func take(_ name: String, _ format: QMPDumpFormat, progress: (DumpProgress) -> Void = { _ in }) throws
        -> TakenDump
    {
        let guest = try running(name)
        return try take(guest, GuestDumper(guest), format, progress)
    }

    /// Makes a guest's kernel panic by an interrupt, and takes the dump where its own kdump does not.
    ///
    /// - Parameters:
    ///   - limit: how long the guest may take to save the dump.
    ///   - progress: is called some times a second while the host takes it.
    /// - Throws: as `take`.
    public func panic(
        _ name: String, _ format: QMPDumpFormat, within limit: Duration, progress: (DumpProgress) -> Void = { _ in }
    ) throws -> PanicDump {
        let guest = try running(name)
        let dumper = try GuestDumper(guest)
        return try PanicTrigger(guest).run(within: limit, runner.console.say) { end in
            switch end {
            case .saved(let path): return .byGuest(path: path)
            case .panicked(let reason), .alive(let reason):
                runner.console.say("\(name): \(Names.printable(reason)): the host takes the dump")
                return .byHost(try take(guest, dumper, format, progress), reason: reason)
            }
        }
    }

    private func running(_ name: String) throws -> RunningGuest {
        guard let running = try RunningGuest(name, in: guests) else {
            throw Failure(.notFound, "the guest \(name) is not running", hint: "`devbox start \(name)` starts it")
        }
        return running
    }

    private func take(
        _ guest: RunningGuest, _ dumper: GuestDumper, _ format: QMPDumpFormat, _ progress: (DumpProgress) -> Void
    ) throws -> TakenDump {
        let clock = ContinuousClock.now
        let name = guest.record.name
        let unfinished = try DumpStore(guests.work).begin(
            guest: name, guestID: guest.record.id, source: .qmp, command: command)
        let file = try unfinished.makeVmcore()
        defer { try? file.close() }
        var receiver = DumpReceiver(file, name: "the dump of \(name)", size: guest.record.memory)
        try dumper.dump(format, progress: progress) { try receiver.take($0) }
        var details = DumpDetails()
        details.defect = try receiver.finish()
        try ProgramHeaders.settle(file, name: "the dump of \(name)")
        details.kernel = guest.state.kernel
        let stored = try unfinished.finish(details)
        dumper.announce(stored.folder)
        return TakenDump(stored: stored, format: format, duration: ContinuousClock.now - clock)
    }
}
