import Boot
import DevboxCore
import Disks
import Glibc
import Guests
import HostTools
import Sandbox
import SystemPackage
import Templates

/// An appliance on a stopped guest's disk: the disk mounted, the share shown, and one command after the other run in it.
final class GuestAppliance {
    /// The guest's name.
    let name: String
    /// Whether the kernel is the guest's own, of which a panic is a finding.
    let isOwnKernel: Bool
    let appliance: Appliance
    let templates: Templates
    let console: Console
    private let files: GuestFiles
    private var steps: [Step] = []
    private let begun = ContinuousClock.now
    private var lastMark = ContinuousClock.now
    /// The line by which its kernel said that it panics; nil while it has not, or went on.
    private(set) var panic: String?

    /// What it was told at its start, an answer each.
    private enum Step { case up, mount(String), system, show(String) }

    /// How an appliance is started.
    struct Start {
        /// A version of the guest's own kernels, with these arguments, as the guest has it; nil for work on its disk.
        var own: StartOptions?
        /// What it is shown at /run/devbox.
        var extras: [SandboxMount.Entry] = []
        /// Whether what is asked to be written to the disk may wait for the end.
        var isUnsynced = false
        /// Whether all processors are emulated in one thread.
        var emulatesInOneThread = false
    }

    /// Starts the machine, and tells it what to do before the first command. It boots meanwhile.
    init(_ guest: borrowing StoppedGuest, _ start: Start) throws {
        let (store, record, runner, files) = (guest.store, guest.record, guest.runner, guest.files)
        (name, self.files, templates, console) = (record.name, files, store.templates, runner.console)
        isOwnKernel = start.own != nil
        let kernel =
            try start.own.map { try ApplianceKernel.own($0.kernel, of: record, files, in: store) }
            ?? .forWork(on: record, files, in: store, console: runner.console)
        _ = try QEMUMachine(record.architecture).program.find()
        let accelerator =
            try start.own?.accelerator
            ?? AcceleratorProbe(store.work, runner: runner).best(for: record.architecture, kernel: kernel.file)
            .accelerator
        var arguments = ["loglevel=5", "random.trust_cpu=on"]
        if let own = start.own {
            arguments = ["root=UUID=\(record.root.uuid)", "rw"] + record.allKernelArguments + own.kernelArguments
        }
        try Files.makeDirectory(files.run, mode: 0o711)
        let log = isOwnKernel ? files.consoleLog : files.run.appending("appliance.log")
        try Files.remove(log)
        try Files.writeAtomically([], to: log)
        try store.work.give(log)
        var machine = AppliancePlan(
            kernel: kernel.file, arguments: arguments, memory: isOwnKernel ? record.memory : Self.memory,
            cpus: isOwnKernel ? record.cpus : Self.cpus, accelerator: accelerator,
            sectorSize: record.root.sectorSize ?? 512, consoleLog: log,
            folders: [
                .init(store.work.images), .init(store.work.layers), .init(files.path, isWritable: true),
            ])
        machine.emulatesInOneThread = start.emulatesInOneThread
        machine.hasPanicDevices = isOwnKernel
        var plan = try record.sandbox(.appliance(machine), files, in: store.work, isOwners: false)
        var shows = [("/work", "cache=mmap")]
        if !start.extras.isEmpty {
            plan.mounts.append(.extras(start.extras))
            shows.append((SandboxMount.extrasPath, "cache=mmap,ro"))
        }
        if let reason = kernel.initrd.unshared {
            console.detail("\(name) does not see /work in its appliance: \(reason)")
            (shows, plan.mounts) = ([], [])
        }
        appliance = try Appliance(
            plan, initrd: kernel.initrd.bytes, lock: guest.lock.descriptor, console: runner.console)
        try prepare(record, shows, isUnsynced: start.isUnsynced)
    }

    /// Memory of one that works on a disk, in bytes, and its processors.
    private static let memory: Int64 = 1 << 30
    private static let cpus = 2

    private func prepare(_ record: GuestRecord, _ shows: [(path: String, options: String)], isUnsynced: Bool) throws {
        steps = [.up]
        let options = isUnsynced ? "rw,barrier=0" : "rw"
        func mount(_ path: String, _ partition: DiskExtent?) throws {
            try appliance.order("mount \((partition?.offset ?? 0) / 512) \(options) \(path)")
            steps.append(.mount(path))
        }
        try mount("/", record.root.partition)
        for part in record.root.parts ?? [] { try mount(part.path, part.partition) }
        try appliance.order("system \(record.identity.hostname)")
        steps.append(.system)
        for (index, show) in shows.enumerated() {
            try appliance.order("show share\(index) \(show.path) \(show.options)")
            steps.append(.show(show.path))
        }
    }

    /// Waits until it has done what it was told at its start.
    ///
    /// - Throws: `GuestError.bootFailed` where the guest's own kernel does not get there; else `environment`, and `badInput` for a disk that
    ///   cannot be mounted.
    func awaitStart(within limit: Duration) throws {
        let deadline = begun + limit
        while let step = steps.first {
            guard let news = try appliance.next(until: deadline) else {
                throw notStarted("it did not answer within \(limit.inWords)")
            }
            switch news {
            case .answer(let line):
                steps.removeFirst()
                try take(line, of: step)
            case .panicked(let line): panic = line
            case .stopped(let reason):
                throw notStarted(panic ?? reason)
            case .crashed(let signal): throw MachineCrash(signal: signal)
            }
        }
    }

    private func take(_ line: String, of step: Step) throws {
        let words = line.split(separator: " ")
        switch (step, words.first) {
        case (.up, "up"):
            mark("QEMU and its kernel up, in \(words.dropFirst().first ?? "?") s of the machine's; modules in by \(words.last ?? "?") s")
        case (.mount(let path), "done"): mark("\(path) mounted")
        case (.system, "done"): mark("the system's file systems")
        case (.show(let path), "done"): mark("\(path) shown")
        case (.show, "failed"): console.detail("\(name): \(Names.printable(line.dropFirst(7)))")
        case (_, "failed"):
            throw Failure(
                .badInput, "the disk of \(name) cannot be used: \(Names.printable(line.dropFirst(7)))\(consoleText)")
        default: throw notStarted("it answers what nobody asked: \(Names.printable(line))")
        }
    }

    /// Tells, with `--verbose`, what took how long.
    func mark(_ what: String) {
        let now = ContinuousClock.now
        console.detail("appliance: \(what), after \((now - lastMark).milliseconds) ms")
        lastMark = now
    }

    private func notStarted(_ reason: String) -> any Error {
        let lines = ConsoleTail.lines(of: appliance.consoleLog)
        if isOwnKernel { return GuestError.bootFailed(guest: name, fault: reason, console: lines) }
        return Failure(.environment, "the appliance of \(name) did not start: \(Names.printable(reason))\(consoleText)")
    }

    private var consoleText: String {
        let lines = ConsoleTail.lines(of: appliance.consoleLog)
        guard !lines.isEmpty else { return "" }
        return "\nThe last lines of its console:\n" + lines.map { "  \(Names.printable($0))" }.joined(separator: "\n")
    }

    /// Takes in what happens while a command runs.
    ///
    /// - Returns: an answer to something else.
    /// - Throws: where the machine is gone.
    func note(_ news: Appliance.News) throws -> String? {
        switch news {
        // The kernel lives: it was a program that wrote of a panic.
        case .answer("pong"): panic = nil
        case .answer(let line): return line
        case .panicked(let line):
            panic = line
            try appliance.order("ping")
        case .stopped(let reason): throw ended(reason)
        case .crashed(let signal): throw MachineCrash(signal: signal)
        }
        return nil
    }

    /// Why a machine is gone that nobody has switched off.
    private func ended(_ reason: String) -> any Error {
        if let panic, isOwnKernel { return GuestError.panicked(guest: name, line: panic) }
        return Failure(
            .environment, "the appliance of \(name) failed: \(panic.map { Names.printable($0) } ?? reason)\(consoleText)")
    }

    /// Has it leave the disk as a shutdown does, and switches it off; all is in the disk's file when this returns.
    ///
    /// - Throws: `environment`, where it does not.
    func finish() throws {
        try appliance.order("end")
        let deadline = ContinuousClock.now + Self.endPatience
        while true {
            guard let news = try appliance.next(until: deadline, interruptible: false) else {
                throw Failure(.environment, "the appliance of \(name) does not leave its disk within \(Self.endPatience.inWords)")
            }
            guard let line = try note(news) else { continue }
            if line == "clean" { break }
            if line.hasPrefix("clean") {
                console.detail("\(name): still in use at the end, and its journal to be replayed: \(line.dropFirst(6))")
                break
            }
        }
        mark("the disk left in order")
        try appliance.switchOff()
        try Files.sync(files.disk)
        mark("switched off")
        try? Files.removeTree(files.run)
    }

    private static let endPatience = Duration.seconds(120)

    /// Ends it at once.
    func kill() {
        appliance.kill()
        PrivateFolder.leave(files.run)
        try? Files.removeTree(files.run)
    }
}
