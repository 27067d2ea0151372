import CLinux
import DevboxCore
import Glibc
import SystemPackage

/// A program that was started and has not been waited for. It is killed and reaped when the value goes away.
///
/// posix_spawn(3) is used rather than a library because what is started must get a lock, a lifeline and a guest's disk as
/// descriptors, in a session of its own; the libraries at hand close every descriptor but the standard three.
public struct ChildProcess: ~Copyable {
    /// Its process id.
    public let pid: pid_t
    /// The program, for messages.
    public let program: Program
    /// Readable once the process has ended; see pidfd_open(2).
    public let pidfd: FileDescriptor
    private var ended: ExitStatus?
    private var isLetGo = false

    /// What a standard stream of a program is.
    public enum Stream: Sendable {
        case inherit
        case null
        case descriptor(FileDescriptor)
    }

    /// Starts a program.
    ///
    /// - Parameters:
    ///   - command: the program with its arguments.
    ///   - input: its standard input.
    ///   - output: its standard output.
    ///   - error: its standard error.
    ///   - descriptors: further descriptors, by the number that the program finds them at.
    ///   - directory: its working directory; devbox's own without one.
    ///   - newSession: whether it leaves the terminal, and with it Ctrl-C, behind.
    ///   - inheritEnvironment: whether it gets all of devbox's environment.
    public init(
        _ command: Command, input: Stream = .null, output: Stream = .inherit, error: Stream = .inherit,
        descriptors: [Int32: FileDescriptor] = [:], directory: FilePath? = nil, newSession: Bool = false,
        inheritEnvironment: Bool = false
    ) throws {
        let path = try command.program.find()
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }

        // Copies far above what the program finds, so that no dup2 overwrites the source of a later one.
        var copies: [FileDescriptor] = []
        defer { for copy in copies { try? copy.close() } }
        func place(_ source: FileDescriptor, at target: Int32) throws {
            let copy = try posix("pass a descriptor to \(command.program.name)") {
                devbox_dup_above(source.rawValue, 200)
            }
            copies.append(FileDescriptor(rawValue: copy))
            posix_spawn_file_actions_adddup2(&actions, copy, target)
        }
        for (target, stream) in [(Int32(0), input), (1, output), (2, error)] {
            switch stream {
            case .inherit: try place(FileDescriptor(rawValue: target), at: target)
            case .null:
                posix_spawn_file_actions_addopen(&actions, target, "/dev/null", target == 0 ? O_RDONLY : O_WRONLY, 0)
            case .descriptor(let descriptor): try place(descriptor, at: target)
            }
        }
        for (target, descriptor) in descriptors { try place(descriptor, at: target) }
        // Whoever started devbox may have left descriptors open: a lock, or a pipe whose reader waits for its end.
        let first = (descriptors.keys.max() ?? 2) + 1
        for number in 3..<max(3, first) where descriptors[number] == nil {
            posix_spawn_file_actions_addclose(&actions, number)
        }
        _ = devbox_spawn_close_from(&actions, max(3, first))
        if let directory { _ = devbox_spawn_chdir(&actions, directory.string) }

        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigfillset(&signals)
        posix_spawnattr_setsigdefault(&attributes, &signals)
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        let setSession: Int32 = 0x80  // POSIX_SPAWN_SETSID, which glibc declares for GNU sources only
        posix_spawnattr_setflags(
            &attributes, Int16(POSIX_SPAWN_SETSIGDEF | POSIX_SPAWN_SETSIGMASK | (newSession ? setSession : 0)))

        var environment = inheritEnvironment ? Command.inheritedEnvironment : Command.baseEnvironment()
        environment.merge(command.environment) { $1 }
        let arguments = ([command.program.name] + command.arguments).map { strdup($0) } + [nil]
        let variables = environment.sorted { $0.key < $1.key }.map { strdup("\($0.key)=\($0.value)") } + [nil]
        defer { for text in arguments + variables { free(text) } }

        var pid: pid_t = 0
        let result = posix_spawn(&pid, path, &actions, &attributes, arguments, variables)
        guard result == 0 else {
            throw HostToolError.notStarted(command.program, reason: Errno(rawValue: result).description.lowercasedFirst)
        }
        let watched = devbox_pidfd_open(pid)
        guard watched >= 0 else {
            let number = Errno(rawValue: errno)
            kill(pid, SIGKILL)
            waitpid(pid, nil, 0)
            throw HostToolError.notStarted(command.program, reason: number.description.lowercasedFirst)
        }
        self.pid = pid
        self.program = command.program
        self.pidfd = FileDescriptor(rawValue: watched)
    }

    deinit {
        if ended == nil, !isLetGo {
            kill(pid, SIGKILL)
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        }
        try? pidfd.close()
    }

    /// Lets it outlive this value and this process.
    public mutating func letGo() { isLetGo = true }

    /// Sends a signal; nothing once it has ended.
    public func signal(_ number: Int32) {
        if ended == nil { kill(pid, number) }
    }

    /// Waits for its end up to a time; nil when that has come first.
    ///
    /// - Parameters:
    ///   - interruptible: whether Ctrl-C ends the waiting.
    ///   - other: a descriptor that ends it too, with nil, when there is something to read; -1 for none.
    /// - Throws: `interrupted`.
    public mutating func wait(
        until deadline: ContinuousClock.Instant? = nil, interruptible: Bool = true, orReadable other: Int32 = -1
    ) throws -> ExitStatus? {
        if let ended { return ended }
        let interrupts = interruptible ? Interrupts.descriptor : -1
        let ready = Poll.wait([.read(pidfd), .read(interrupts), .read(other)], until: deadline)
        // What has ended is told as such, also to who was interrupted at the same time.
        if ready[0] { return reap() }
        if ready[1] { throw Failure.interrupted }
        return nil
    }

    /// Asks it to end, and kills it when it has not done so in time.
    @discardableResult
    public mutating func end(within limit: Duration = .seconds(2)) -> ExitStatus {
        signal(SIGTERM)
        if let status = try? wait(until: .now + limit, interruptible: false) { return status }
        signal(SIGKILL)
        return reap()
    }

    private mutating func reap() -> ExitStatus {
        if let ended { return ended }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        let signal = devbox_wait_signal(status)
        let result: ExitStatus = signal != 0 ? .signalled(signal) : .exited(devbox_wait_exit_status(status))
        ended = result
        return result
    }
}
