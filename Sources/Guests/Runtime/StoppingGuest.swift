import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// A guest that was asked to end. Several can be asked before the first is waited for.
public final class StoppingGuest {
    /// The guest's name.
    public let name: String
    private let work: WorkDirectory
    private let folder: String
    /// Where its supervisor tells that it has ended; nil where there was none to ask any more.
    private let connection: FileDescriptor?
    private let deadline: ContinuousClock.Instant

    /// Asks a guest.
    ///
    /// - Parameter limit: how long it may take before it is forced off; zero forces it at once.
    public init(_ guest: RunningGuest, within limit: Duration) throws {
        name = guest.record.name
        work = guest.work
        folder = guest.files.path.string
        connection = try? UnixSocket.connect(guest.files.control)
        deadline = .now + limit + .seconds(30)
        guard let connection else { return }
        let request = try RecordFile.json(
            ControlRequest.stop(withinMilliseconds: Int(limit.milliseconds)), pretty: false)
        // A supervisor that ends at this moment may hang up at any step; then the guest has ended, which was wanted.
        try? Files.writeAll(connection, request, name: "the control socket")
    }

    deinit { try? connection?.close() }

    /// Waits until one of several guests has ended, or should have long ago.
    ///
    /// - Returns: which.
    public static func next(of guests: [StoppingGuest]) throws -> Int {
        if let gone = guests.firstIndex(where: { $0.connection == nil }) { return gone }
        let first = guests.indices.min { guests[$0].deadline < guests[$1].deadline } ?? 0
        let ready = try Poll.wait(
            guests.map { .read($0.connection) }, until: guests[first].deadline, interruptible: true)
        return guests.indices.first { ready[$0] } ?? first
    }

    /// Returns when its disk belongs to nobody any more.
    ///
    /// - Returns: whether it had to be forced off.
    /// - Throws: `busy` where it has not ended; `GuestError.outOfSpace` where that is for want of space on the host.
    public func finish() throws -> Bool {
        guard let connection else { return false }
        guard Poll.wait([.read(connection)], until: .now)[0] else {
            throw Failure(
                .busy, "the guest \(name) does not end", hint: "`devbox list` shows whether it still runs; try again")
        }
        let answer = (try? Files.readAll(connection, name: "the control socket", limit: 4096)).flatMap {
            try? RecordFile.decode(StopAnswer.self, from: $0)
        }
        if answer?.isOutOfSpace == true {
            throw GuestError.outOfSpace(guest: name, folder: folder)
        }
        // Its lock goes last, with the process.
        _ = try FileLock(
            work.lock(.guest(name)), of: "guest \(name)", for: "stop", patience: .seconds(30))
        return answer?.forced ?? true
    }
}

extension RunningGuest {
    /// Shuts the guest down, and returns when its disk belongs to nobody any more.
    ///
    /// - Parameter limit: how long it may take before it is forced off; zero forces it at once.
    /// - Returns: whether it had to be forced.
    /// - Throws: as `StoppingGuest.finish` does.
    @discardableResult
    public func stop(within limit: Duration) throws -> Bool {
        let stopping = try StoppingGuest(self, within: limit)
        _ = try StoppingGuest.next(of: [stopping])
        return try stopping.finish()
    }
}
