import DevboxCore
import Guests

extension GuestStarter {
    /// A guest that runs now.
    public struct Started: Sendable {
        /// The guest.
        public let guest: RunningGuest
        /// Whether it ran before.
        public let ranBefore: Bool
    }

    /// Starts a guest, unless it runs already in the mode and with the action at a panic that are wanted.
    ///
    /// - Throws: `busy` where it runs otherwise.
    public func startUnlessRunning(_ name: String, _ options: StartOptions) throws -> Started {
        guard let running = try RunningGuest(name, in: store) else {
            return Started(guest: try start(name, options), ranBefore: false)
        }
        if let mode = options.mode { try running.check(mode) }
        if let action = options.onPanic, action != running.state.onPanic {
            throw Failure(
                .busy,
                "the guest \(name) runs already, with --on-panic \((running.state.onPanic ?? .kdump).rawValue)",
                hint: "`devbox stop \(name)` first")
        }
        return Started(guest: running, ranBefore: true)
    }
}
