import CLinux
import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// A container over a root, with a devbox around it as PID 1 of namespaces of its own, and the channel to that.
///
/// When the starter dies, the channel ends, the enclosed devbox ends, and with it, by the kernel's hand, every process and mount
/// in the sandbox. A service that is to outlive the starter, a guest, is let go by `release`.
public struct Sandbox: ~Copyable {
    private var process: ChildProcess
    private let channel: FileDescriptor
    private var lines: [[UInt8]] = []
    private var buffer: [UInt8] = []

    /// The descriptors that the enclosed devbox finds.
    static let channelNumber: Int32 = 3
    static let lockNumber: Int32 = 4
    static let firstNumber: Int32 = 5
    /// What it is told where the command that it runs is to end.
    static let endRequest = Array("end\n".utf8)

    /// What an enclosed devbox reads and writes.
    public enum Streams {
        /// These; with a terminal it is in this process's session, else in one of its own: what is typed, Ctrl-C above all, is for
        /// devbox then, and LXC finds no terminal to turn to its own ends.
        case attached(
            input: ChildProcess.Stream, output: ChildProcess.Stream, error: ChildProcess.Stream = .inherit,
            terminal: Bool = false)
        /// It outlives the terminal; its messages go to a file.
        case detached(log: FilePath)
    }

    /// Starts it.
    ///
    /// - Parameters:
    ///   - plan: what it is, and what is done in it.
    ///   - lock: a lock that it shares as long as it lives: of what it changes. Its descriptor stays the caller's.
    ///   - descriptors: what else the enclosed devbox finds, from number 5 on. They stay the caller's.
    ///   - streams: what it reads and writes.
    ///   - console: where `--verbose` prints the command.
    ///   - devbox: the program that is enclosed: this very one.
    public init(
        _ plan: SandboxPlan, lock: FileDescriptor? = nil, descriptors further: [FileDescriptor] = [],
        streams: Streams, console: Console,
        devbox: Program = Sandbox.thisProgram
    ) throws {
        var plan = plan
        plan.verbosity = console.level.rawValue
        var ends: [Int32] = [-1, -1]
        try posix("make a channel") { devbox_socketpair(&ends) }
        let theirs = FileDescriptor(rawValue: ends[1])
        let ours = FileDescriptor(rawValue: ends[0])
        let command = Self.enclose(Command(devbox, ["supervise"]), plan)
        console.detail("+ \(command.line)")
        var (input, output, error) = (ChildProcess.Stream.null, ChildProcess.Stream.null, ChildProcess.Stream.inherit)
        var logFile: FileDescriptor?
        defer { try? logFile?.close() }
        var newSession = false
        switch streams {
        case .attached(let givenInput, let givenOutput, let givenError, let terminal):
            (input, output, error) = (givenInput, givenOutput, givenError)
            newSession = !terminal
        case .detached(let log):
            let file = try Files.open(log, .writeOnly, [.create, .append])
            logFile = file
            error = .descriptor(file)
            newSession = true
        }
        var descriptors = [Self.channelNumber: theirs]
        if let lock { descriptors[Self.lockNumber] = lock }
        for (index, descriptor) in further.enumerated() { descriptors[Self.firstNumber + Int32(index)] = descriptor }
        let text: [UInt8]
        var child: ChildProcess
        do {
            defer { try? theirs.close() }
            text = try RecordFile.json(plan, pretty: false)
            child = try ChildProcess(
                command, input: input, output: output, error: error,
                descriptors: descriptors, newSession: newSession)
        } catch {
            try? ours.close()
            throw error
        }
        do {
            // It may be more than the channel takes: somebody has to read it meanwhile.
            try Files.writeAll(ours, text, name: "the channel")
        } catch {
            child.end()
            try? ours.close()
            throw error
        }
        process = child
        channel = ours
    }

    private static func enclose(_ command: Command, _ plan: SandboxPlan) -> Command {
        guard plan.isUsers else { return Unshare.enclose(command, asUser: !isRoot) }
        var command = Unshare.encloseContainer(command)
        // In there the user is root, who would take these for the user that files are given to.
        command.environment.merge(["SUDO_UID": "", "SUDO_GID": ""]) { $1 }
        return DelegatedCgroup.isOwn ? command : SystemdRun.scope(command)
    }

    deinit { try? channel.close() }

    /// This very program.
    public static var thisProgram: Program {
        Program(Files.executable?.string ?? "/proc/self/exe", package: "devbox", for: "its own helpers")
    }

    /// Readable when there is a next message.
    public var descriptor: Int32 { channel.rawValue }

    /// The next message; nil when the time ran out.
    ///
    /// - Parameter interruptible: whether Ctrl-C ends the waiting; not where the terminal is the command's.
    /// - Throws: what the other side failed with, and `failure` where it ended without a word.
    public mutating func next(until deadline: ContinuousClock.Instant? = nil, interruptible: Bool = true) throws
        -> SandboxMessage?
    {
        while lines.isEmpty {
            let ready = try Poll.wait([.read(channel)], until: deadline, interruptible: interruptible)
            guard ready[0] else { return nil }
            try receive()
        }
        let message = try RecordFile.decode(SandboxMessage.self, from: lines.removeFirst())
        switch message {
        case .failed(let code, let text, let hint): throw Failure(code, text, hint: hint)
        default: return message
        }
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

    /// Waits for the end of the task, and until all of the sandbox is gone: what was written is on the disk then.
    ///
    /// - Returns: the command's own status; nil where the time ran out, and the task goes on.
    public mutating func finish(until deadline: ContinuousClock.Instant? = nil) throws -> Int32? {
        while let message = try next(until: deadline) {
            guard case .ended(let status) = message else { continue }
            try waitUntilGone()
            return status
        }
        return nil
    }

    /// Lets the enclosed devbox outlive this one.
    public mutating func release() throws {
        try Files.writeAll(channel, Array("commit\n".utf8), name: "the channel")
        process.letGo()
    }

    /// Ends the command that it runs, and waits until what that has written is on the disk.
    ///
    /// - Throws: `failure` where the disk does not become whole.
    public mutating func endCommand() throws {
        try Files.writeAll(channel, Self.endRequest, name: "the channel")
        guard case .ended? = try next(until: .now + .seconds(120), interruptible: false) else {
            throw Failure(.failure, "what the command has written could not be kept: the disk does not take it in time")
        }
        try waitUntilGone()
    }

    /// Asks for the end of what it does.
    mutating func askToEnd() throws { try Files.writeAll(channel, Self.endRequest, name: "the channel") }

    /// Waits until it has ended, its mounts and all.
    public mutating func waitUntilGone(limit: Duration = .seconds(30)) throws {
        if try process.wait(until: .now + limit, interruptible: false) == nil { process.end() }
    }

    /// Ends it at once.
    public mutating func kill() {
        shutdown(channel.rawValue, Int32(SHUT_RDWR))
        if (try? process.wait(until: .now + .seconds(5), interruptible: false)) == nil { process.end() }
    }
}
