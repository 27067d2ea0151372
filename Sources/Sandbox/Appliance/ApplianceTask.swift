import CLinux
import DevboxCore
import Glibc
import HostTools
import KernelLog
import QMP
import SystemPackage

/// The QEMU of an appliance, in the sandbox around it: it starts it, keeps what its console prints, and tells of what happens to it. What
/// goes through the ports is between the machine and the devbox outside.
final class ApplianceTask {
    private let host: SandboxHost
    private let plan: AppliancePlan
    private let console: Pair
    private var reader = LogReader(longest: 4096)
    private var panicTold: ContinuousClock.Instant?
    private var log: FileDescriptor?
    private var monitor: QMPClient?
    private var child: ChildProcess?
    private var reset: String?

    init(_ plan: AppliancePlan, _ host: SandboxHost) throws {
        (self.plan, self.host) = (plan, host)
        console = try Pair()
    }

    /// Two sockets that are connected, closed with the object.
    private final class Pair {
        let ours, theirs: FileDescriptor
        private var isOpen = true

        init() throws {
            var ends: [Int32] = [-1, -1]
            try posix("make a socket") { devbox_socketpair(&ends) }
            (ours, theirs) = (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
        }

        func closeTheirs() {
            if isOpen { try? theirs.close() }
            isOpen = false
        }

        deinit {
            closeTheirs()
            try? ours.close()
        }
    }

    func run() throws -> Int32 {
        guard case .disk(let disk, _, _) = host.plan.root else {
            throw Failure(.usage, "\(host.plan.title) stands on a folder, which no appliance can have")
        }
        let folder = try host.makePrivateFolder()
        let user = QEMUUser(of: host.work)
        log = try Files.open(FilePath(plan.consoleLog), .writeOnly, [.create, .append, .noFollow])
        if user.becomes {
            for part in plan.folders {
                try folder.show(FilePath(part.path), at: place(FilePath(part.path)), isWritable: part.isWritable)
            }
            try host.work.give(FilePath(disk), to: user.owner)
        }
        // The host's user owns the disk again, whoever QEMU was.
        defer { if user.becomes { try? host.work.take(FilePath(disk)) } }
        let errors = folder.path.appending("qemu.log")
        let monitor = try Pair()
        try start(command(disk, in: folder, as: user), monitor, errors: errors)
        host.loop.watch(console.ours) { [self] in try hear() }
        host.onEnd = { [self] in quit() }
        do {
            let client = try QMPClient(FileDescriptor(rawValue: dup(monitor.ours.rawValue)))
            self.monitor = client
            client.attach(to: host.loop) { [weak self] in try self?.happened($0) }
            host.send(.started)
            if host.isEnding { quit() }
            try host.loop.run()
        } catch let error as QMPError {
            // One that ends says why, but not to its monitor.
            guard try child?.wait(until: .now + .seconds(1), interruptible: false) != nil else { throw error }
        }
        return try conclude(errors)
    }

    /// The numbers of the descriptors that come from outside, in the order of `Appliance`, and of those that are made here.
    private var ports: [Int32] { (0..<plan.ports).map { Sandbox.firstNumber + Int32($0) } }
    private var initrd: Int32 { Sandbox.firstNumber + Int32(plan.ports) }
    private var terminal: Int32? { plan.hasTerminal ? initrd + 1 : nil }
    private var monitorNumber: Int32 { initrd + 2 }
    private var consoleNumber: Int32 { initrd + 3 }

    private func command(_ disk: String, in folder: PrivateFolder, as user: QEMUUser) throws -> Command {
        func seen(_ path: String) -> String {
            user.becomes ? folder.path.pushing(FilePath(place(FilePath(path)))).string : path
        }
        let machine = QEMUMachine(host.plan.architecture)
        var qemu = ApplianceCommand(
            name: host.plan.title, machine: machine, accelerator: plan.accelerator, memory: plan.memory,
            cpus: plan.cpus, disk: seen(disk), kernel: seen(plan.kernel), initrd: "/proc/self/fd/\(initrd)",
            append: (["console=\(machine.console)", "panic=-1"] + plan.arguments).joined(separator: " "),
            monitor: monitorNumber, console: consoleNumber, ports: ports)
        qemu.folders = try host.plan.mounts.enumerated().map { index, mount in
            (tag: "share\(index)", path: try folder.assemble(mount, owner: host.work.owner).string)
        }
        (qemu.emulatesInOneThread, qemu.sectorSize) = (plan.emulatesInOneThread, plan.sectorSize)
        (qemu.hasPanicDevices, qemu.terminal) = (plan.hasPanicDevices, terminal)
        return user.run(qemu.command)
    }

    private func start(_ command: Command, _ monitor: Pair, errors: FilePath) throws {
        let given = ports + [initrd] + (terminal.map { [$0] } ?? [])
        var descriptors = Dictionary(uniqueKeysWithValues: given.map { ($0, FileDescriptor(rawValue: $0)) })
        (descriptors[monitorNumber], descriptors[consoleNumber]) = (monitor.theirs, console.theirs)
        host.runner.console.detail("+ \(command.line)")
        let complaints = try Files.open(errors, .writeOnly, [.create, .append])
        defer { try? complaints.close() }
        let child = try ChildProcess(
            command, output: .null, error: .descriptor(complaints), descriptors: descriptors, newSession: true)
        monitor.closeTheirs()
        console.closeTheirs()
        // QEMU alone has them now: who waits at a port learns of its end.
        for number in given { try? FileDescriptor(rawValue: number).close() }
        host.loop.watch(child.pidfd) { [host] in host.loop.stop() }
        self.child = consume child
    }

    /// What QEMU finds a folder of the work directory as, below the private folder: laid out as there.
    private func place(_ path: FilePath) -> String {
        let (text, work) = (path.string, host.work.path.string)
        return text.hasPrefix(work + "/") ? "work" + text.dropFirst(work.count) : "work" + text
    }

    /// QEMU writes what it holds when it quits; a kill is for one that does not answer.
    private func quit() {
        monitor?.send(.quit, limit: .seconds(20)) { [self] answer in
            if case .failure = answer { child?.signal(SIGKILL) }
        }
        host.loop.after(.seconds(30)) { [self] in child?.signal(SIGKILL) }
    }

    /// - Returns: whether there may be more.
    @discardableResult
    private func hear() throws -> Bool {
        var buffer = [UInt8](repeating: 0, count: 64 << 10)
        let count = buffer.withUnsafeMutableBytes { read(console.ours.rawValue, $0.baseAddress, $0.count) }
        guard count > 0 else {
            host.loop.ignore(console.ours)
            return false
        }
        let bytes = Array(buffer[0..<count])
        if let log { try Files.writeAll(log, bytes, name: plan.consoleLog) }
        reader.feed(bytes)
        while let line = reader.next() {
            switch KernelMark(line) {
            // A program may have written of one before: each is told, but for those that follow at once.
            case .panic, .panicEnd:
                guard panicTold.map({ ContinuousClock.now - $0 > .seconds(1) }) ?? true else { continue }
                panicTold = .now
                host.send(.panicked(line: line.whole))
            case .crashKernel, .dumpSaved, .dumpFailed: host.send(.told(line: line.whole))
            default: break
            }
        }
        return true
    }

    private func happened(_ event: QMPEvent) throws {
        switch event.name {
        case "BLOCK_IO_ERROR" where event.data["nospace"] == .bool(true):
            throw Failure(
                .failure, "the host has no space left for the disk of \(host.plan.title)",
                hint: "free some, and try again: the disk is as it was")
        case "SHUTDOWN": reset = event.data["reason"]?.string
        default: break
        }
    }

    private func conclude(_ errors: FilePath) throws -> Int32 {
        let status = try child?.wait(interruptible: false)
        // Nobody else has the console's other end: it is at its end.
        while try hear() {}
        if let crash = MachineCrash(status) {
            host.send(.crashed(signal: crash.signal))
        } else if host.isEnding, status?.isSuccess == true {
            host.send(.ended(status: 0))
        } else {
            let lines = ((try? Files.text(errors)) ?? "").split(separator: "\n")
            let complaint = (lines.first { !$0.contains("warning:") } ?? lines.last).map(String.init)
            let end = reset.map { "it ended by itself (\($0))" } ?? "QEMU \(status.map(\.description) ?? "ended")"
            host.send(.stopped(reason: complaint ?? end))
        }
        return 0
    }
}
