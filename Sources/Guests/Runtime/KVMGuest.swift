import CLinux
import DevboxCore
import FoundationEssentials
import Glibc
import HostTools
import QMP
import Sandbox
import SystemPackage

/// A guest as a QEMU virtual machine. QEMU runs as the work directory's owner, or as nobody in particular where that is root.
final class KVMGuest: GuestRuntime {
    private let supervisor: Supervisor
    private var child: ChildProcess?
    private var monitor: QMPClient?
    private var agent: FileDescriptor?
    private var dumps: MachineDumps?
    private var console: ConsoleWatch?
    private var port = 0
    private var learnt: ((GuestCondition.Signal) throws -> Void)?
    private var errors: FilePath { supervisor.files.machineLog }

    init(_ supervisor: Supervisor) { self.supervisor = supervisor }

    func launch(_ events: GuestEvents) throws -> RunState {
        let files = supervisor.files
        let folder = try supervisor.host.makePrivateFolder()
        let share = try folder.assemble(.share(of: supervisor.work, isOwners: false), owner: supervisor.work.owner)
        let owner = supervisor.work.guestOwner
        for file in [files.consoleLog, errors] {
            try Files.remove(file)
            try Files.writeAtomically([], to: file)
        }
        try Files.makeDirectory(files.machine, mode: 0o700)
        var directory = files.path
        if isRoot {
            directory = try showDisks(in: folder)
            for file in [files.disk, files.machine, files.consoleLog] { try supervisor.work.give(file, to: owner) }
        }
        let (kernel, command) = try self.command(share: share)
        try Files.writeAtomically(
            Array("\(SSH.hostAlias(supervisor.record.id)) \(supervisor.record.identity.sshHostKey)\n".utf8),
            to: files.knownHosts)
        try supervisor.work.give(files.knownHosts)

        let log = try Files.open(errors, .writeOnly, .append)
        defer { try? log.close() }
        supervisor.runner.console.detail("+ \(command.line)")
        let child = try ChildProcess(
            command, output: .null, error: .descriptor(log), directory: directory, newSession: true)
        supervisor.loop.watch(child.pidfd) { [self] in events.ended(fault) }
        self.child = consume child
        let monitor: QMPClient
        let port: Int
        do {
            monitor = try connect()
            port = try sshPort(monitor)
        } catch {
            // One that ends says why, but not to its monitor.
            _ = try self.child?.wait(until: .now + .seconds(1), interruptible: false)
            if let fault {
                throw fault is MachineCrash ? fault : Failure(.failure, "QEMU did not start: \(fault.message)")
            }
            throw error
        }
        self.monitor = monitor
        self.port = port
        learnt = events.learnt
        dumps = MachineDumps(monitor, loop: supervisor.loop)
        console = try ConsoleWatch(files.consoleLog, loop: supervisor.loop) { try events.learnt(.console($0)) }
        monitor.attach(to: supervisor.loop) { [weak self] in try self?.happened($0) }
        SSHProbe(port: port, loop: supervisor.loop, ready: events.ready).start()
        let further = supervisor.plan.kernelArguments
        return RunState(
            mode: .kvm, startedAt: Date(), kernel: kernel, kernelArguments: further.isEmpty ? nil : further,
            sshPort: port, container: nil, containerFolder: nil,
            accelerator: supervisor.plan.accelerator, bridge: nil, onPanic: supervisor.plan.onPanic)
    }

    /// Shows the folders of the work directory that the disk is made of, laid out as there: a QEMU that is not the owner may not pass it.
    ///
    /// - Returns: the guest's folder as QEMU finds it.
    private func showDisks(in folder: PrivateFolder) throws -> FilePath {
        let (work, files) = (supervisor.work, supervisor.files)
        func place(_ path: FilePath) -> String { "work" + path.string.dropFirst(work.path.string.count) }
        for (source, isWritable) in [(work.images, false), (work.layers, false), (files.path, true)] {
            try folder.show(source, at: place(source), isWritable: isWritable)
        }
        return folder.path.pushing(FilePath(place(files.path)))
    }

    private func command(share: FilePath) throws -> (kernel: String, Command) {
        let record = supervisor.record
        let machine = QEMUMachine(record.architecture)
        let kernel: BootKernelChoice = try .choose(record, version: supervisor.plan.kernel)
        let onPanic = supervisor.plan.onPanic ?? .kdump
        let append =
            ["root=UUID=\(record.root.uuid)", "rw", "console=\(machine.console)", "devbox.share=9p"]
            + onPanic.kernelArguments(record.allKernelArguments)
            + supervisor.plan.kernelArguments
        let qemu = QEMUCommand(
            name: record.name, machine: machine,
            accelerator: supervisor.plan.accelerator.flatMap(Accelerator.init) ?? .tcg, memory: record.memory,
            cpus: record.cpus, emulatesInOneThread: supervisor.plan.emulatesInOneThread,
            macAddress: record.identity.macAddress, disk: "disk.qcow2", kernel: "boot/\(kernel.vmlinuz)",
            initrd: kernel.initrd.map { "boot/\($0)" }, append: append.joined(separator: " "),
            monitor: "run/qemu/qmp.sock",
            console: "run/qemu/console.sock", consoleLog: "console.log", agent: "run/qemu/agent.sock",
            share: share.string, sectorSize: record.root.sectorSize ?? 512, panicAction: onPanic.machineAction
        ).command
        return (kernel.version, QEMUUser(of: supervisor.work).run(qemu))
    }

    /// QEMU makes its socket before it runs the guest; that takes some milliseconds, and longer on a busy host.
    private func connect() throws -> QMPClient {
        let deadline = ContinuousClock.now + .seconds(20)
        while ContinuousClock.now < deadline {
            if let socket = try? UnixSocket.connect(supervisor.files.monitor) { return try QMPClient(socket) }
            if try child?.wait(until: .now + .milliseconds(5), interruptible: false) != nil { break }
        }
        throw Failure(.failure, "QEMU did not start: its monitor did not appear")
    }

    private func sshPort(_ monitor: QMPClient) throws -> Int {
        let answer = try monitor.execute(QMPCommand("human-monitor-command", ["command-line": .string("info usernet")]))
        for line in (answer.string ?? "").split(whereSeparator: \.isNewline) where line.contains("HOST_FORWARD") {
            let words = line.split(separator: " ")
            if let index = words.firstIndex(of: "127.0.0.1"), index + 1 < words.count, let port = Int(words[index + 1])
            {
                return port
            }
        }
        throw Failure(.failure, "QEMU does not tell the port that it forwards")
    }

    func requestShutdown() {
        monitor?.send(.powerdown)
        // A kernel without a driver for the power button, Debian's cloud kernel for arm64 say, hears nothing of it.
        supervisor.loop.after(.seconds(4)) { [self] in askAgent() }
    }

    /// Has the guest agent shut the guest down, where there is one; see qemu-ga(8).
    private func askAgent() {
        guard agent == nil, let socket = try? UnixSocket.connect(supervisor.files.agent) else { return }
        agent = socket
        try? Files.writeAll(socket, Array(#"{"execute":"guest-shutdown"}"#.utf8) + [10], name: "the guest agent")
    }

    func forceOff() {
        // QEMU writes what it holds when it quits; a kill is for one that does not answer.
        monitor?.send(.quit, limit: .seconds(2)) { [self] answer in
            if case .failure = answer { child?.signal(SIGKILL) }
        }
        supervisor.loop.after(.seconds(5)) { [self] in child?.signal(SIGKILL) }
    }

    var machine: (any GuestMachine)? { self }

    func close() throws {
        _ = try? console?.catchUp()
        console = nil
        child = nil
        monitor = nil
        // The host's user owns the disk again, whoever QEMU was.
        if isRoot {
            for file in [supervisor.files.disk, supervisor.files.consoleLog] { try supervisor.work.take(file) }
        }
    }

    /// What was wrong when QEMU ended; nil as long as it runs, and for an end in order.
    private var fault: (any ReportableError)? {
        guard let status = try? child?.wait(until: .now, interruptible: false) else { return nil }
        return MachineCrash(status) ?? complaint.map { Failure(.failure, $0) }
    }

    /// What QEMU complained about: the first line that is no warning, else the last one.
    private var complaint: String? {
        guard let lines = (try? Files.text(errors))?.split(separator: "\n") else { return nil }
        return (lines.first { !$0.contains("warning:") } ?? lines.last).map { line in
            line.split(separator: ": ", maxSplits: 1).last.map(String.init) ?? String(line)
        }
    }
}

extension KVMGuest: GuestMachine {
    func pause() { monitor?.send(.pause) }

    func reset() { monitor?.send(.reset) }

    func resume() { monitor?.send(.resume) }

    func ask(_ answered: @escaping () -> Void) {
        SSHProbe(port: port, loop: supervisor.loop, ready: answered).start()
    }

    func injectNMI(_ done: @escaping (Result<Void, Failure>) -> Void) {
        monitor?.send(.injectNMI) { answer in done(answer.map { _ in }.mapError { Failure($0) }) }
    }

    func dump(_ format: QMPDumpFormat, into descriptor: FileDescriptor, _ job: MachineDumps.Job) {
        dumps?.begin(format, into: descriptor, of: supervisor.files.name, job)
    }

    private func happened(_ event: QMPEvent) throws {
        switch event.name {
        case "STOP": try learnt?(.paused)
        case "BLOCK_IO_ERROR" where event.stopsForSpace: try learnt?(.outOfSpace)
        case "RESUME": try learnt?(.resumed)
        case "GUEST_PANICKED", "GUEST_CRASHLOADED":
            // The console has the kernel's own words, which came first.
            try console?.catchUp()
            try learnt?(event.name == "GUEST_PANICKED" ? .panicked : .crashLoaded)
        case "RESET":
            try console?.catchUp()
            try learnt?(.reset)
        case "DUMP_COMPLETED": dumps?.completed(event.data)
        default: break
        }
    }
}

extension QMPEvent {
    /// Whether the machine stands still for it because the host has no space left. Source: BLOCK_IO_ERROR in QEMU's
    /// qapi/block-core.json.
    var stopsForSpace: Bool { data["nospace"] == .bool(true) && data["action"]?.string == "stop" }
}
