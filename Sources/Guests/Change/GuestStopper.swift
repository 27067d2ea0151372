import DevboxCore

/// Stops several guests at the same time.
public struct GuestStopper: Sendable {
    private let store: GuestStore
    private let console: Console

    /// - Parameters:
    ///   - store: the guests of the work directory.
    ///   - console: is told of guests that nobody waits for any more.
    public init(_ store: GuestStore, console: Console) { (self.store, self.console) = (store, console) }

    /// Asks all of the guests to end, and waits for each. Whatever is wrong with one does not keep the others from ending.
    ///
    /// - Parameters:
    ///   - names: the guests; one that is named twice is stopped once.
    ///   - limit: how long each may take before it is forced off; zero forces it at once.
    ///   - ended: is told how each one ended, as soon as it has.
    ///   - failed: is told why one could not be stopped.
    /// - Throws: `interrupted` alone; the guests go on shutting down then.
    public func stop(
        _ names: [String], within limit: Duration, ended: (String, GuestEnd) -> Void,
        failed: (any ReportableError) -> Void
    ) throws {
        var stopping: [StoppingGuest] = []
        func attempt(_ body: () throws -> Void) throws {
            do {
                try body()
            } catch let error as any ReportableError where error.exitCode != .interrupted {
                failed(error)
            }
        }
        for name in names where !stopping.contains(where: { $0.name == name }) {
            try attempt {
                guard let running = try RunningGuest(name, in: store) else { return ended(name, .notRunning) }
                stopping.append(try StoppingGuest(running, within: limit))
            }
        }
        while !stopping.isEmpty {
            let guest: StoppingGuest
            do {
                guest = stopping.remove(at: try StoppingGuest.next(of: stopping))
            } catch {
                for guest in stopping { console.say("\(guest.name): was asked, and goes on shutting down") }
                throw error
            }
            try attempt { ended(guest.name, try guest.finish() ? .forcedOff : .shutDown) }
        }
    }
}
