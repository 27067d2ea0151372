import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// A command that runs in a running guest, over ssh or through lxc-attach.
struct AttachedCommand: ~Copyable {
    private var child: ChildProcess
    /// Its end is the command's: only this process has the other one.
    private let lifeline: Pipe?
    /// Where a guarded command's status comes from; lxc-attach's own would mix with its failures.
    private let status: Pipe?

    private static let lifelineNumber: Int32 = 8
    private static let statusNumber: Int32 = 9

    /// Without a terminal that hangs up, a command in a container would outlive the lxc-attach that brought it there. It is run
    /// in a session of its own, which is killed when the lifeline ends. A constant text; the command is its arguments.
    private static let guarded = #"""
        exec 7<&0 6>&2 2>/dev/null
        setsid sh -c 'exec "$@"' sh "$@" <&7 2>&6 6>&- 7<&- 8<&- 9>&- &
        child=$!
        { read -r _ <&8; kill -9 "-$child"; } 6>&- 7<&- 9>&- </dev/null >/dev/null &
        guard=$!
        exec 6>&- 7<&- </dev/null >/dev/null
        wait "$child"
        echo $? >&9
        kill -9 "$guard"
        """#

    /// Starts a command.
    init(_ arguments: [String], in guest: RunningGuest, _ options: ExecOptions, console: Console) throws {
        let isGuarded = guest.state.mode == .lxc && !options.terminal
        let words = isGuarded ? ["/bin/sh", "-c", Self.guarded, "sh"] + arguments : arguments
        let command = try guest.command(words, terminal: options.terminal)
        console.detail("+ \(command.line)")
        let lifeline = isGuarded ? try Pipe() : nil
        let status = isGuarded ? try Pipe() : nil
        var descriptors: [Int32: FileDescriptor] = [:]
        if let lifeline, let status {
            descriptors = [Self.lifelineNumber: lifeline.readEnd, Self.statusNumber: status.writeEnd]
        }
        child = try ChildProcess(command, input: options.input, output: options.output, descriptors: descriptors)
        lifeline?.closeReadEnd()
        status?.closeWriteEnd()
        self.lifeline = lifeline
        self.status = status
    }

    /// Waits for the command up to a time, or until something else can be read; nil when that has come first.
    ///
    /// - Throws: `environment`, where the container did not take the command.
    mutating func wait(until deadline: ContinuousClock.Instant?, orReadable other: Int32) throws -> ExitStatus? {
        guard let ended = try child.wait(until: deadline, orReadable: other) else { return nil }
        guard let status else { return ended }
        let text = String(decoding: try Files.readAll(status.readEnd, name: "the status", limit: 64), as: UTF8.self)
        guard let number = Int32(text.filter(\.isNumber)) else {
            // Ctrl-C reached lxc-attach before the command.
            if ended.shellStatus == 128 + SIGINT { return ended }
            throw Failure(.environment, "the container did not run the command: lxc-attach \(ended)")
        }
        return .exited(number)
    }

    /// Ends the command and what it started.
    mutating func end() {
        // In the container all ends by itself then, and is reaped there; a killed lxc-attach would leave that to the host.
        lifeline?.closeWriteEnd()
        if lifeline == nil || (try? child.wait(until: .now + .seconds(2), interruptible: false)) == nil { child.end() }
    }
}
