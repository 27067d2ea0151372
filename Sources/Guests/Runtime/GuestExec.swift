import CLinux
import DevboxCore
import Glibc
import HostTools
import Sandbox
import SystemPackage

/// What the user may choose about a command.
public struct ExecOptions: Sendable {
    /// The mode to run it in; nil for whichever the guest is in.
    public var mode: GuestMode?
    /// How long the command may take.
    public var limit: Duration?
    /// How a virtual machine is started for it.
    public var start: StartOptions
    /// The command's standard input and output; its standard error is always devbox's.
    public var input: ChildProcess.Stream = .inherit
    /// Where its standard output goes.
    public var output: ChildProcess.Stream = .inherit

    /// The command has devbox's own streams, unless they are set.
    public init(mode: GuestMode? = nil, limit: Duration? = nil, start: StartOptions = StartOptions()) {
        (self.mode, self.limit, self.start) = (mode, limit, start)
    }

    /// Whether the command is to have a terminal: where devbox has one on both sides.
    var terminal: Bool {
        guard case .inherit = input, case .inherit = output else { return false }
        return isatty(0) == 1 && isatty(1) == 1
    }
}

/// Runs commands in guests, in whichever mode they are. Standard streams are this process's own.
public struct GuestExec: Sendable {
    private let store: GuestStore
    private let runner: Runner

    /// Runs commands in guests of a work directory.
    public init(_ store: GuestStore, runner: Runner) {
        self.store = store
        self.runner = runner
    }

    /// Runs a command and gives back its own status.
    ///
    /// - Throws: `GuestError.panicked` and `.timedOut`; anything else is a failure of the environment.
    public func run(_ name: String, _ arguments: [String], _ options: ExecOptions) throws -> Int32 {
        if let running = try RunningGuest(name, in: store) {
            if let mode = options.mode, mode != running.state.mode {
                throw Failure(
                    .busy, "the guest \(name) runs in \(running.state.mode.rawValue) mode",
                    hint: "`devbox flip \(name) \(mode.rawValue)` restarts it in the other one")
            }
            try options.start.refuseIfNoMachineStarts("the guest \(name) runs already")
            return try run(arguments, in: running, options)
        }
        if options.mode == .kvm {
            var start = options.start
            start.mode = .kvm
            let running = try GuestStarter(store, runner: runner).start(name, start)
            let status: Int32
            do {
                status = try run(arguments, in: running, options)
            } catch {
                // A kernel that panicked or hangs does not shut down, and what it did is what matters.
                _ = try? running.stop(within: error is GuestError ? .zero : .seconds(60))
                throw error
            }
            try running.stop(within: .seconds(60))
            return status
        }
        try options.start.refuseIfNoMachineStarts("in a container the kernel is the host's")
        return try runStopped(name, arguments, options)
    }

    private func runStopped(_ name: String, _ arguments: [String], _ options: ExecOptions) throws -> Int32 {
        guard isRoot else {
            throw Failure(
                .needsRoot, "a command in a stopped guest needs root",
                hint: "sudo devbox exec …; or `devbox exec --mode kvm`, which needs none")
        }
        var guest = try StoppedGuest(name, in: store, for: "exec", runner: runner)
        _ = try ForeignCode.way(for: guest.record.architecture)
        Notices.once("host-kernel", work: store.work, console: runner.console) {
            "in a container the kernel is the host's, \(HostKernel.release); `--mode kvm` runs a command on the guest's own"
        }
        let transaction = try DiskTransaction.begin("exec", on: guest)
        let terminal = options.terminal ? getenv("TERM").map { String(cString: $0) } : nil
        let plan = try guest.record.sandbox(
            .command(SandboxCommand(arguments, terminal: terminal)), guest.files, in: store.work)
        do {
            var sandbox = try Sandbox(
                plan, lock: guest.lock.descriptor,
                streams: .attached(input: options.input, output: options.output, terminal: options.terminal),
                console: runner.console)
            let deadline = options.limit.map { ContinuousClock.now + $0 }
            let message: SandboxMessage?
            do {
                // At a terminal Ctrl-C is the command's: its status tells what became of it.
                message = try Interrupts.leavingCtrlC(if: options.terminal) { try sandbox.next(until: deadline) }
            } catch let failure as Failure where failure.exitCode == .interrupted {
                try sandbox.endCommand()
                try transaction.commit(guest.record, on: &guest)
                throw InterruptedCommand()
            }
            guard case .ended(let status)? = message else {
                try sandbox.endCommand()
                try transaction.commit(guest.record, on: &guest)
                throw GuestError.timedOut(guest: name, limit: options.limit ?? .zero)
            }
            try sandbox.waitUntilGone()
            // What the command changed is kept whatever its status.
            try transaction.commit(guest.record, on: &guest)
            return status
        } catch let error as GuestError {
            throw error
        } catch is InterruptedCommand {
            throw Failure.interrupted
        } catch {
            transaction.rollBackAfterFailure(guest)
            throw error
        }
    }

    /// Ctrl-C ended a command; what it had changed until then is kept.
    private struct InterruptedCommand: Error {}

    private func run(_ arguments: [String], in guest: RunningGuest, _ options: ExecOptions) throws -> Int32 {
        try Interrupts.leavingCtrlC(if: options.terminal) { try attend(arguments, in: guest, options) }
    }

    private func attend(_ arguments: [String], in guest: RunningGuest, _ options: ExecOptions) throws -> Int32 {
        var watch = PanicWatch(guest)
        var attached = try AttachedCommand(arguments, in: guest, options, console: runner.console)
        let deadline = options.limit.map { ContinuousClock.now + $0 }
        while true {
            do {
                if let line = try watch.heard() { throw GuestError.panicked(guest: guest.record.name, line: line) }
                if let status = try attached.wait(until: deadline, orReadable: watch.descriptor) {
                    return try judge(status, guest, attached.question(), &watch)
                }
            } catch {
                if case GuestError.panicked? = error as? GuestError {
                    attached.end(answers: false)
                } else {
                    attached.end(answers: true)
                }
                throw error
            }
            if let deadline, ContinuousClock.now >= deadline {
                attached.end(answers: true)
                throw GuestError.timedOut(guest: guest.record.name, limit: options.limit ?? .zero)
            }
        }
    }

    /// ssh has the status 255 for failures of its own. Where the command ended with it, the guest has a mark that says so.
    private func judge(_ status: ExitStatus, _ guest: RunningGuest, _ question: Command, _ watch: inout PanicWatch)
        throws
        -> Int32
    {
        guard guest.state.mode == .kvm, status == .exited(255) else { return status.shellStatus }
        guard RunningGuest.isRunning(guest.files), try runner.attempt(question, limit: .seconds(30)).status.isSuccess
        else {
            if let line = try watch.heard() { throw GuestError.panicked(guest: guest.record.name, line: line) }
            throw Failure(.environment, "the connection to \(guest.record.name) broke off")
        }
        return 255
    }
}

extension RunningGuest {
    /// The command of the host that runs `arguments` in the guest.
    ///
    /// - Parameter terminal: whether it gets a terminal.
    public func command(_ arguments: [String], terminal: Bool) throws -> Command {
        switch state.mode {
        case .kvm: return SSH.run(arguments, options: sshOptions, terminal: terminal)
        case .lxc:
            guard let container = state.container, let folder = state.containerFolder else {
                throw Failure(.failure, "the guest \(record.name) has no container")
            }
            var variables = ["PATH": Self.path, "HOME": "/root", "LANG": "C.UTF-8"]
            if terminal, let name = getenv("TERM") { variables["TERM"] = String(cString: name) }
            // At root's home, as ssh does. A constant text; the command is its arguments.
            let words =
                ["/bin/sh", "-c", #"cd 2>/dev/null; exec "$@""#, "sh"]
                + (arguments.isEmpty ? ["/bin/bash", "-l"] : arguments)
            return LXC.attach(words, name: container, in: FilePath(folder), variables: variables)
        }
    }

    /// What ssh needs to reach the guest as a virtual machine.
    public var sshOptions: [(name: String, value: String)] {
        SSH.options(id: record.id, port: state.sshPort ?? 0, key: work.sshKey, knownHosts: files.knownHosts)
    }

    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}

/// The kernel that devbox itself runs on.
enum HostKernel {
    /// `uname -r`
    static var release: String {
        var name = utsname()
        uname(&name)
        return withUnsafeBytes(of: name.release) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}
