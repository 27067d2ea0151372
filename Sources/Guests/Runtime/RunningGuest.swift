import DevboxCore
import HostTools
import SystemPackage

/// A guest whose supervisor answers.
public struct RunningGuest: Sendable {
    /// What is known of it.
    public let record: GuestRecord
    /// Where its files are.
    public let files: GuestFiles
    /// How it runs.
    public let state: RunState
    let work: WorkDirectory

    /// Whether a supervisor answers on the guest's control socket. No process id is trusted for it.
    public static func isRunning(_ files: GuestFiles) -> Bool {
        guard Files.exists(files.control), let connection = try? UnixSocket.connect(files.control) else { return false }
        try? connection.close()
        return true
    }

    /// The guest of a name, where it runs; nil where it does not.
    public init?(_ name: String, in store: GuestStore) throws {
        try store.check(name)
        files = store.files(name)
        work = store.work
        guard Self.isRunning(files) else { return nil }
        let text: [UInt8]
        do {
            text = try Files.read(files.runState, limit: 1 << 16)
        } catch let error as Failure where error.exitCode == .notFound {
            // It has not begun yet, or has ended since it was asked.
            return nil
        }
        record = try store.load(name)
        state = try RecordFile.decode(RunState.self, from: text)
    }
}
