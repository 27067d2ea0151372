import CLinux
import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// A devbox as PID 1 of namespaces of its own, and the channel to it.
///
/// When the starter dies, the channel ends, the enclosed devbox ends, and with it, by the kernel's hand, every process and mount
/// in the enclosure. A guest that is to outlive the starter is let go by `release`.
struct Enclosure: ~Copyable {
    private var process: ChildProcess
    private let channel: FileDescriptor
    private var lines: [[UInt8]] = []
    private var buffer: [UInt8] = []

    /// The descriptors that the enclosed devbox finds.
    static let channelNumber: Int32 = 3
    static let lockNumber: Int32 = 4

    /// Starts an enclosed devbox.
    ///
    /// - Parameters:
    ///   - plan: what it is to do.
    ///   - lock: the guest's lock, which it shares as long as it lives.
    ///   - attached: whether it has this process's standard streams and terminal; else it outlives the terminal.
    ///   - log: where a detached one's messages go.
    init(_ plan: LaunchPlan, lock: borrowing FileLock, attached: Bool, log: FilePath?, console: Console) throws {
        var ends: [Int32] = [-1, -1]
        try posix("make a channel") { devbox_socketpair(&ends) }
        let theirs = FileDescriptor(rawValue: ends[1])
        defer { try? theirs.close() }
        let ours = FileDescriptor(rawValue: ends[0])
        let command = Unshare.enclose(
            Command(Self.devbox, ["supervise"]), asUser: !isRoot)
        console.detail("+ \(command.line)")
        let logFile = try log.map { try Files.open($0, .writeOnly, [.create, .append]) }
        defer { try? logFile?.close() }
        let child: ChildProcess
        do {
            try Files.writeAll(ours, RecordFile.json(plan, pretty: false), name: "the channel")
            child = try ChildProcess(
                command, input: attached ? .inherit : .null, output: attached ? .inherit : .null,
                error: attached ? .inherit : logFile.map { .descriptor($0) } ?? .null,
                descriptors: [Self.channelNumber: theirs, Self.lockNumber: lock.descriptor], newSession: !attached)
        } catch {
            try? ours.close()
            throw error
        }
        process = child
        channel = ours
    }

    deinit { try? channel.close() }

    /// This very program.
    private static var devbox: Program {
        let path = realpath("/proc/self/exe", nil).map { path in
            defer { free(path) }
            return String(cString: path)
        }
        return Program(path ?? "/proc/self/exe", package: "devbox", for: "its own helpers")
    }

    /// The next message; nil when the time ran out.
    ///
    /// - Parameter interruptible: whether Ctrl-C ends the waiting; not where the terminal is the command's.
    /// - Throws: what the other side failed with, and `failure` where it ended without a word.
    mutating func next(until deadline: ContinuousClock.Instant? = nil, interruptible: Bool = true) throws -> SupervisorMessage? {
        while lines.isEmpty {
            var polled = [
                pollfd(fd: channel.rawValue, events: Int16(POLLIN), revents: 0),
                pollfd(fd: interruptible ? Interrupts.descriptor : -1, events: Int16(POLLIN), revents: 0),
            ]
            let left = deadline.map { ($0 - .now).milliseconds } ?? -1
            let count = poll(&polled, 2, left)
            if count == 0 { return nil }
            if polled[1].revents != 0 { throw Failure.interrupted }
            if polled[0].revents != 0 { try receive() }
        }
        let message = try RecordFile.decode(SupervisorMessage.self, from: lines.removeFirst())
        if case .failed(let code, let text, let hint) = message { throw Failure(code, text, hint: hint) }
        return message
    }

    private mutating func receive() throws {
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = bytes.withUnsafeMutableBytes { read(channel.rawValue, $0.baseAddress, $0.count) }
        guard count > 0 else {
            let status = try process.wait(until: .now + .seconds(5), interruptible: false)
            throw Failure(
                .failure, "devbox's helper \(status.map(\.description) ?? "went away")",
                hint: isRoot ? nil : "this host may not let ordinary users make namespaces: see `devbox doctor`")
        }
        buffer += bytes[0..<count]
        while let end = buffer.firstIndex(of: 10) {
            lines.append(Array(buffer[..<end]))
            buffer.removeSubrange(...end)
        }
    }

    /// Lets the enclosed devbox outlive this one.
    mutating func release() throws {
        try Files.writeAll(channel, Array("commit\n".utf8), name: "the channel")
        process.letGo()
    }

    /// Waits until it has ended, its mounts and all.
    mutating func waitUntilGone(limit: Duration = .seconds(30)) throws {
        if try process.wait(until: .now + limit, interruptible: false) == nil { process.end() }
    }

    /// Ends it at once.
    mutating func kill() {
        shutdown(channel.rawValue, Int32(SHUT_RDWR))
        if (try? process.wait(until: .now + .seconds(5), interruptible: false)) == nil { process.end() }
    }
}
