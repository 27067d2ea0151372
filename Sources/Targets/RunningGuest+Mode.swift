import DevboxCore
import Guests

extension RunningGuest {
    /// Throws `busy` where it runs in another mode than this.
    func check(_ mode: GuestMode) throws {
        guard mode != state.mode else { return }
        throw Failure(
            .busy, "the guest \(record.name) runs in \(state.mode.rawValue) mode",
            hint: "`devbox flip \(record.name) \(mode.rawValue)` restarts it in the other one")
    }
}
