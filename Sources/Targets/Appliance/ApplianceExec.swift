import DevboxCore
import Guests
import HostTools
import Sandbox

/// A command in a stopped guest's appliance, as one transaction.
struct ApplianceExec: ~Copyable {
    private var guest: StoppedGuest

    init(_ name: String, in store: GuestStore, runner: Runner) throws {
        guest = try StoppedGuest(name, in: store, for: "exec", runner: runner)
    }

    /// Runs a command on the guest's own kernel.
    mutating func run(_ command: TargetCommand, _ options: StartOptions) throws -> CommandResult {
        let streams = try CommandStreams(command, of: guest.record.name)
        return try streams.finish(Result { try transact(command, streams, .init(own: options), options.limit) })
    }

    private mutating func transact(
        _ command: TargetCommand, _ streams: CommandStreams, _ start: GuestAppliance.Start, _ limit: Duration
    ) throws -> Int32 {
        let transaction = try DiskTransaction.begin("exec", on: guest)
        let end: GuestAppliance.End
        do {
            let machine = try GuestAppliance(guest, start)
            do {
                end = try machine.run(command, streams, bootLimit: limit)
                try machine.finish()
            } catch {
                machine.kill()
                throw error
            }
        } catch {
            transaction.rollBackAfterFailure(guest)
            throw error
        }
        try transaction.commit(guest.record, on: &guest)
        switch end {
        case .status(let status): return status
        case .interrupted: throw Failure.interrupted
        case .timedOut: throw GuestError.timedOut(guest: guest.record.name, limit: command.limit ?? .zero)
        }
    }
}
