import DevboxCore
import Glibc
import Guests
import HostTools
import SystemPackage
import Templates

/// A command that runs in a running guest, over ssh or through lxc-attach.
struct AttachedCommand: ~Copyable {
    private var child: ChildProcess
    /// Its end is the command's: only this process has the other one.
    private let lifeline: Pipe?
    /// Where a guarded command's status comes from; lxc-attach's own would mix with its failures.
    private let status: Pipe?

    private static let lifelineNumber: Int32 = 8
    private static let statusNumber: Int32 = 9

    /// In a virtual machine: a path that nothing else has, by which its processes find each other. The file is there only where the
    /// command ended with the status that ssh has for failures of its own.
    private let mark: String?
    private let guest: RunningGuest
    private let templates: Templates

    /// Starts a command.
    init(
        _ command: TargetCommand, _ streams: CommandStreams, in guest: RunningGuest, templates: Templates,
        console: Console
    ) throws {
        (self.guest, self.templates) = (guest, templates)
        let terminal = command.wantsTerminal
        let isGuarded = guest.state.mode == .lxc && !terminal
        mark = guest.state.mode == .kvm && !terminal ? "/run/devbox-exec-\(UInt64.random(in: .min ... .max))" : nil
        var words = try Self.words(command, templates)
        // Without a terminal that hangs up, a command would outlive what brought it to the guest: it gets a session of its own.
        if isGuarded { words = try templates.shell("target/run-guarded.sh", words) }
        if let mark { words = try templates.shell("target/run-marked.sh", [mark] + words) }
        let line = try guest.command(words, terminal: terminal)
        console.detail("+ \(line.line)")
        let lifeline = isGuarded ? try Pipe() : nil
        let status = isGuarded ? try Pipe() : nil
        var descriptors: [Int32: FileDescriptor] = [:]
        if let lifeline, let status {
            descriptors = [Self.lifelineNumber: lifeline.readEnd, Self.statusNumber: status.writeEnd]
        }
        // Without a terminal Ctrl-C is for devbox alone.
        child = try ChildProcess(
            line, input: streams.input, output: streams.output, error: streams.error, descriptors: descriptors,
            newSession: !terminal)
        lifeline?.closeReadEnd()
        status?.closeWriteEnd()
        self.lifeline = lifeline
        self.status = status
    }

    /// The command, with what makes its variables and its folder around it where it has some: ssh hands on neither.
    private static func words(_ command: TargetCommand, _ templates: Templates) throws -> [String] {
        if command.environment.isEmpty, command.directory == nil { return command.arguments }
        let variables = command.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return try templates.shell(
            "target/enter.sh", [command.directory ?? "", "\(variables.count)"] + variables + command.arguments)
    }

    /// Waits for the command up to a time, or until something else can be read; nil when that has come first.
    ///
    /// - Throws: `environment`, where the container did not take the command.
    mutating func wait(until deadline: ContinuousClock.Instant?, orReadable other: Int32) throws -> ExitStatus? {
        guard let ended = try child.wait(until: deadline, orReadable: other) else { return nil }
        guard let status else { return ended }
        let text = String(decoding: try Files.readAll(status.readEnd, name: "the status", limit: 64), as: UTF8.self)
        guard let number = Int32(text.filter(\.isNumber)) else {
            throw Failure(.environment, "the container did not run the command: lxc-attach \(ended)")
        }
        return .exited(number)
    }

    /// What tells, by ending well, that the command itself ended with the status 255.
    func question() throws -> Command {
        try guest.command(mark.map { ["rm", $0] } ?? ["true"], terminal: false)
    }

    /// Ends the command and what it started.
    ///
    /// - Parameter answers: whether the guest's kernel may still do what it is told.
    mutating func end(answers: Bool) {
        // In the container all ends by itself then, and is reaped there; a killed lxc-attach would leave that to the host.
        lifeline?.closeWriteEnd()
        if answers, let mark,
            let ending = try? guest.command(templates.shell("target/end-marked.sh", [mark]), terminal: false)
        {
            // One that hangs cannot do it, and need not be waited for long.
            _ = try? Runner(console: Console(level: .quiet, environment: [:])).undisturbed
                .attempt(ending, limit: .seconds(5))
        }
        if lifeline == nil || (try? child.wait(until: .now + .seconds(2), interruptible: false)) == nil { child.end() }
    }
}
