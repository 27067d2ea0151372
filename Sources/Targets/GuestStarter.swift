import DevboxCore
import Disks
import FoundationEssentials
import Glibc
import Guests
import HostTools
import KernelLog
import Sandbox
import SystemPackage

/// Starts guests.
public struct GuestStarter: Sendable {
    let store: GuestStore
    private let runner: Runner

    /// Starts guests of a work directory.
    public init(_ store: GuestStore, runner: Runner) {
        self.store = store
        self.runner = runner
    }

    /// Starts a stopped guest, and returns when it answers.
    ///
    /// - Throws: why it did not start, with the console's last lines where it has a console. Nothing of it runs then.
    public func start(_ name: String, _ options: StartOptions) throws -> RunningGuest {
        var guest = try StoppedGuest(name, in: store, for: "start", runner: runner)
        let mode = options.mode ?? guest.record.mode
        if mode == .lxc, !isRoot {
            try UserContainers.gather(runner).check(asRoot: "sudo devbox start \(name)")
            guard guest.record.root.parts?.isEmpty ?? true else {
                throw Failure(
                    .missing,
                    "fuse2fs cannot mount a disk with file systems on several partitions, as \(name) has them",
                    hint: "as a virtual machine it starts: --mode kvm; or, as root: sudo devbox start \(name)")
            }
            // fuse2fs does not replay it as the kernel does.
            try guest.replayJournal()
        }
        var hasShareUnit = true
        var plan = LaunchPlan(guest: name, mode: mode)
        if mode == .kvm {
            try guest.refreshKernels()
            hasShareUnit = try guest.openRoot().find(ShareMount.unit) != nil
            plan.kernel = options.kernel
            plan.kernelArguments = options.kernelArguments
            plan.onPanic = options.onPanic ?? .kdump
            _ = try QEMUMachine(guest.record.architecture).program.find()
            let kernel = try BootKernelChoice.choose(guest.record, version: options.kernel)
            let file = guest.files.boot.appending(kernel.vmlinuz)
            plan.accelerator = try (options.accelerator ?? accelerator(for: guest.record, kernel: file)).rawValue
        } else {
            try guest.mendIfCutOff()
            try options.refuseIfNoMachineStarts("a container is")
            plan.bridge = try Bridge.choose(options.bridge, console: runner.console)
            _ = try ForeignCode.way(for: guest.record.architecture)
        }
        var record = guest.record
        record.lastStartedAt = Date()
        try guest.save(record)
        do {
            try launch(plan, guest, options)
        } catch let crash as MachineCrash {
            // QEMU before 8.2 can lose a race between two emulated processors while one of them sets up the PCI bus.
            guard plan.accelerator == Accelerator.tcg.rawValue else { throw explain(crash, guest.files) }
            runner.console.warn("\(name): \(crash.message): it is started once more, emulated in one thread")
            plan.emulatesInOneThread = true
            do {
                try launch(plan, guest, options)
            } catch let crash as MachineCrash {
                throw explain(crash, guest.files)
            }
        }
        guard let running = try RunningGuest(name, in: store) else {
            throw GuestError.notStarted(
                guest: name, reason: "it ended as soon as it had started", console: ConsoleTail.lines(guest.files))
        }
        if !hasShareUnit {
            ShareMount.mount(
                in: RunningTarget(running, in: store, runner: runner), templates: store.templates,
                console: runner.console)
        }
        return running
    }

    /// Has a supervisor start it, and waits until it answers.
    ///
    /// - Throws: also `MachineCrash`. Nothing of it runs then.
    private func launch(_ plan: LaunchPlan, _ guest: borrowing StoppedGuest, _ options: StartOptions) throws {
        try Files.makeDirectory(guest.files.run, mode: 0o711)
        try store.work.give(guest.files.run)
        try Files.writeAtomically([], to: guest.files.supervisorLog)
        var sandbox = try Sandbox(
            sandbox(for: plan, guest), lock: guest.lock.descriptor,
            streams: .detached(log: guest.files.supervisorLog), console: runner.console)
        do {
            try waitUntilReady(&sandbox, guest.files, limit: options.limit)
            try sandbox.release()
        } catch GuestError.bootFailed(_, let fault, _)
            where KernelMark(LogLine(fault))?.isPanic == true && (options.onPanic == .pause || options.onPanic == .dump)
        {
            let rest = try leavePanicked(&sandbox, guest.files, options.onPanic)
            throw GuestError.bootFailed(
                guest: guest.files.name, fault: "\(fault)\n\(rest)", console: ConsoleTail.lines(guest.files))
        } catch {
            sandbox.kill()
            defer { try? Files.removeTree(guest.files.run) }
            if plan.mode == .kvm, let failure = error as? Failure, failure.exitCode == .failure {
                throw explain(failure, guest.files)
            }
            throw (error as? GuestError)?.ofSwitchedOff ?? error
        }
    }

    private func sandbox(for plan: LaunchPlan, _ guest: borrowing StoppedGuest) throws -> SandboxPlan {
        let text = String(decoding: try RecordFile.json(plan, pretty: false), as: UTF8.self)
        var sandbox = try guest.record.sandbox(.service(plan: text), guest.files, in: store.work)
        sandbox.isUsers = plan.mode == .lxc && !isRoot
        if let bridge = plan.bridge {
            sandbox.network = .bridge(bridge, macAddress: guest.record.identity.macAddress)
        }
        return sandbox
    }

    /// KVM where it really works. That it does not is said once, and nothing is said of guests that it could never run.
    private func accelerator(for record: GuestRecord, kernel: FilePath) throws -> Accelerator {
        let finding = try AcceleratorProbe(store.work, runner: runner).best(for: record.architecture, kernel: kernel)
        if finding.accelerator == .tcg, let reason = finding.reason, AcceleratorProbe.isCandidate(record.architecture) {
            Notices.once("no-kvm-\(record.architecture.rawValue)", work: store.work, console: runner.console) {
                "KVM does not run \(record.architecture.rawValue) guests here (\(reason)): they are emulated (TCG), slowly"
            }
        }
        return finding.accelerator
    }

    private func waitUntilReady(_ sandbox: inout Sandbox, _ files: GuestFiles, limit: Duration) throws {
        let deadline = ContinuousClock.now + limit
        var events = KernelEvents()
        while true {
            // Looked at between messages: a guest that panicked never becomes ready, and must not be waited for.
            let message: SandboxMessage?
            do {
                message = try sandbox.next(until: min(deadline, .now + .milliseconds(200)))
            } catch let failure as Failure where failure.exitCode == .failure {
                // It may have been switched off for its panic.
                try failOfPanic(&events, files)
                throw failure
            }
            try failOfPanic(&events, files)
            if let message {
                switch message {
                case .ready: return
                case .started: events = KernelEvents(files)
                case .crashed(let signal): throw MachineCrash(signal: signal)
                default: break
                }
            } else if let fault = ConsoleTail.bootFault(files, ofPanic: false) {
                throw GuestError.bootFailed(guest: files.name, fault: fault, console: ConsoleTail.lines(files))
            } else if ContinuousClock.now >= deadline {
                throw GuestError.bootFailed(
                    guest: files.name, fault: "it did not answer within \(limit.inWords)",
                    console: ConsoleTail.lines(files))
            }
        }
    }

    private func failOfPanic(_ events: inout KernelEvents, _ files: GuestFiles) throws {
        do {
            try events.check(files.name)
        } catch GuestError.panicked(_, let line) {
            throw GuestError.bootFailed(guest: files.name, fault: line, console: ConsoleTail.lines(files))
        }
    }

    /// A boot that ended in a panic the user wants to look into: nothing of it is thrown away.
    ///
    /// - Returns: what became of it.
    private func leavePanicked(_ sandbox: inout Sandbox, _ files: GuestFiles, _ action: PanicAction?) throws
        -> String
    {
        var connection = try GuestConnection(files)
        let condition = try connection.follow()
        try sandbox.release()
        guard action == .dump else { return "It is paused; `devbox dump \(files.name)` takes its memory" }
        var dump = condition.dump
        while dump == nil, let answer = try connection.next(until: .now + Self.dumpPatience) {
            if case .event(.saved(let saved)) = answer { dump = saved }
            if case .event(.dumpFailed(let reason)) = answer { return "It is paused, for the dump failed: \(reason)" }
        }
        guard let dump else { return "It is paused, for no dump was taken" }
        try sandbox.waitUntilGone()
        return "The host saved \(dump.path)"
    }

    private static let dumpPatience = Duration.seconds(120)

    private func explain(_ error: some ReportableError, _ files: GuestFiles) -> GuestError {
        .notStarted(guest: files.name, reason: error.message, console: ConsoleTail.lines(files))
    }
}
