/// How a guest that was to stop came to its end.
public enum GuestEnd: String, Sendable {
    case notRunning = "not running"
    case shutDown = "shut down"
    /// It did not shut down in time, or was not to.
    case forcedOff = "forced off"
}
