import DevboxCore
import HostTools
import SystemPackage

/// A guest whose supervisor answers.
public struct RunningGuest: Sendable {
    /// Whether a supervisor answers on the guest's control socket. No process id is trusted for it.
    public static func isRunning(_ files: GuestFiles) -> Bool {
        guard Files.exists(files.control) else { return false }
        guard let connection = try? UnixSocket.connect(files.control) else { return false }
        try? connection.close()
        return true
    }

    init?(_ name: String, in store: GuestStore) throws { return nil }
    func stop(within limit: Duration) throws {}
}
