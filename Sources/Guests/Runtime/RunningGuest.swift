import DevboxCore
import Glibc
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
        record = try store.load(name)
        files = store.files(name)
        work = store.work
        guard Self.isRunning(files), Files.exists(files.runState) else { return nil }
        state = try RecordFile.decode(RunState.self, from: Files.read(files.runState, limit: 1 << 16))
    }

    /// Shuts the guest down, and returns when its disk belongs to nobody any more.
    ///
    /// - Parameter limit: how long it may take before it is forced off; zero forces it at once.
    /// - Returns: whether it had to be forced.
    @discardableResult
    public func stop(within limit: Duration) throws -> Bool {
        guard let connection = try? UnixSocket.connect(files.control) else { return false }
        defer { try? connection.close() }
        // A supervisor that ends at this moment may hang up at any step; then the guest has ended, which was wanted.
        var forced = true
        if (try? Files.writeAll(
            connection,
            RecordFile.json(ControlRequest.stop(withinMilliseconds: Int(limit.milliseconds)), pretty: false),
            name: "the control socket")) != nil
        {
            var polled = [
                pollfd(fd: connection.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: Interrupts.descriptor, events: Int16(POLLIN), revents: 0),
            ]
            guard poll(&polled, 2, (limit + .seconds(30)).milliseconds) > 0 else {
                throw Failure(
                    .busy, "the guest \(record.name) does not end",
                    hint: "`devbox list` shows whether it still runs; try again")
            }
            try Interrupts.check()
            let answer = try? Files.readAll(connection, name: "the control socket", limit: 4096)
            forced = answer.flatMap { try? RecordFile.decode(StopAnswer.self, from: $0) }?.forced ?? true
        }
        // Its lock goes last, with the process.
        _ = try FileLock(
            work.locks.appending("guest-\(record.name)"), of: "guest \(record.name)", for: "stop",
            patience: .seconds(30))
        return forced
    }
}
