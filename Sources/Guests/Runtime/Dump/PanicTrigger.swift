import DevboxCore

/// Makes a guest's kernel panic by a non-maskable interrupt, and follows what becomes of it.
public struct PanicTrigger {
    private let guest: RunningGuest

    /// How it ended.
    public enum End: Sendable, Equatable {
        /// The guest saved a dump in this folder of its own.
        case saved(String)
        /// The kernel stands still, and nobody took a dump. The text says why the guest did not.
        case panicked(String)
        /// The kernel did not panic. The text says why.
        case alive(String)
    }

    private static let ignored = "its kernel did not panic at the interrupt (kernel.unknown_nmi_panic=1 makes it do so)"

    /// How long a kernel may take to answer the interrupt with a panic.
    private static let patience = Duration.seconds(20)

    /// - Parameter guest: the guest, which runs as a virtual machine.
    public init(_ guest: RunningGuest) { self.guest = guest }

    /// Injects the interrupt, unless the kernel has panicked already, and waits for the guest's own dump.
    ///
    /// - Parameters:
    ///   - limit: how long the guest may take to save it.
    ///   - say: is told what happens.
    ///   - otherwise: is called where the guest took no dump, while the panic is still held back from what the guest was
    ///     started to do at one.
    public func run<T>(
        within limit: Duration, _ say: (String) -> Void, otherwise: (End) throws -> T
    ) throws -> T {
        var connection = try guest.connect()
        let condition = try connection.follow()
        let deadline = ContinuousClock.now + limit
        var outcome: End?
        if condition.isHalted {
            outcome = .panicked("its kernel had panicked before, and stands still")
        } else {
            // Not into a crash kernel that is just saving the memory.
            if condition.panic == nil { try connection.send(.injectNMI) }
            var line = condition.panic
            while outcome == nil {
                let answer: ControlAnswer?
                do {
                    answer = try connection.next(until: min(deadline, line == nil ? .now + Self.patience : deadline))
                } catch let error as Failure where error.exitCode != .interrupted && line == nil {
                    outcome = .alive(error.message)
                    break
                }
                guard let answer else {
                    outcome = try missing(connection.hasEnded, line, limit)
                    break
                }
                if case .event(let event) = answer { outcome = take(event, &line, say) }
            }
        }
        return try otherwise(outcome ?? .alive("nothing was heard of it"))
    }

    private func take(_ event: GuestEvent, _ line: inout String?, _ say: (String) -> Void) -> End? {
        switch event {
        case .panicked(let text):
            line = text
            say("\(guest.record.name): \(Names.printable(text))")
        case .crashKernel: say("\(guest.record.name): its crash kernel saves the memory")
        case .interruptIgnored: return .alive(Self.ignored)
        case .halted: return .panicked("no crash kernel is loaded in it")
        case .saveFailed(let text): return .panicked("its crash kernel could not save the dump: \(text)")
        // One that somebody else takes from outside meanwhile is not the guest's.
        case .saved(let dump) where dump.by == .guest: return .saved(dump.path)
        case .reset where line != nil: return .alive("it was reset before a dump was saved")
        default: break
        }
        return nil
    }

    private func missing(_ hasEnded: Bool, _ line: String?, _ limit: Duration) throws -> End {
        if hasEnded { throw Failure(.failure, "the guest \(guest.record.name) ended before a dump was taken") }
        if line == nil {
            return .alive(Self.ignored)
        }
        return .panicked("it saved no dump within \(limit.inWords)")
    }
}
