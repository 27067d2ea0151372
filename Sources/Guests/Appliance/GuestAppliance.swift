import Boot
import DevboxCore
import Disks
import Glibc
import HostTools
import Sandbox
import SystemPackage
import Templates

/// An appliance on a stopped guest's disk: the disk mounted, the share shown, and one command after the other run in it.
package final class GuestAppliance {
    /// The guest's name.
    package let name: String
    /// Whether the kernel is the guest's own, of which a panic is a finding.
    package let isOwnKernel: Bool
    package let templates: Templates
    package let console: Console
    private let files: GuestFiles
    /// What its kernel calls its terminal.
    package let terminalDevice: String
    private let initrd: [UInt8]
    private let lock: FileDescriptor
    private var plan: SandboxPlan
    private var machine: AppliancePlan
    private var running: Appliance?
    /// What it is told at its start.
    private var orders: [(Step, String)] = []
    private var steps: [Step] = []
    private var begun = ContinuousClock.now
    private var lastMark = ContinuousClock.now
    /// The line by which its kernel said that it panics; nil while it has not, or went on.
    package private(set) var panic: String?
    /// What it is to be shown at /run/devbox, and its kernel cannot show.
    package let unshown: [SandboxMount.Entry]
    /// A folder of the host for as long as it runs.
    package var folder: FilePath { files.run }
    /// Whether it did not do what it was told to end, and is not to be asked any more.
    package var isDeaf = false
    /// What has to be run first on the guest's own kernel.
    package let startCommands: [[String]]
    private var panickedAt = ContinuousClock.now
    private var isAsked = false
    /// Whether its crash kernel has taken over, which ends with the dump that it saves.
    package private(set) var hasCrashKernel = false

    /// What it was told at its start, an answer each.
    private enum Step { case up, check(String), mount(String), system, show(String) }

    /// Starts the machine, and tells it what to do before the first command. It boots meanwhile.
    package init(_ guest: borrowing StoppedGuest, _ start: Start) throws {
        let (store, record, runner, files) = (guest.store, guest.record, guest.runner, guest.files)
        (name, self.files, templates, console) = (record.name, files, store.templates, runner.console)
        isOwnKernel = start.own != nil
        startCommands = isOwnKernel ? record.startCommands : []
        let kernel =
            try start.own.map { try ApplianceKernel.own($0.version, of: record, files, in: store) }
            ?? .forWork(on: record, files, in: store, checks: start.check != nil, console: runner.console)
        _ = try QEMUMachine(record.architecture).program.find()
        let accelerator =
            try start.own?.accelerator
            ?? AcceleratorProbe(store.work, runner: runner).best(for: record.architecture, kernel: kernel.file)
            .accelerator
        var arguments = Self.workArguments
        if let own = start.own {
            arguments = ["root=UUID=\(record.root.uuid)", "rw"] + record.allKernelArguments + own.arguments
        }
        try Files.makeDirectory(files.run, mode: 0o711)
        let log = isOwnKernel ? files.consoleLog : files.run.appending("appliance.log")
        try Files.remove(log)
        try Files.writeAtomically([], to: log)
        try store.work.give(log)
        machine = AppliancePlan(
            kernel: kernel.file, arguments: arguments, memory: isOwnKernel ? record.memory : Self.memory,
            cpus: isOwnKernel ? record.cpus : Self.cpus, accelerator: accelerator,
            sectorSize: record.root.sectorSize ?? 512, consoleLog: log,
            folders: [
                .init(store.work.images), .init(store.work.layers), .init(files.path, isWritable: true),
            ])
        (machine.hasPanicDevices, machine.hasTerminal) = (isOwnKernel, start.hasTerminal)
        // The kernel numbers them; on a machine whose serial port is one it is the second.
        terminalDevice = QEMUMachine(record.architecture).console == "hvc0" ? "hvc1" : "hvc0"
        plan = try record.sandbox(.appliance(machine), files, in: store.work, isOwners: false)
        var shows = ["/work": "cache=mmap"]
        if !start.extras.isEmpty {
            plan.mounts.append(.extras(start.extras))
            shows[SandboxMount.extrasPath] = "cache=loose,ro"
        }
        if start.check != nil { plan.mounts = [] }
        if let reason = kernel.initrd.unshared, !plan.mounts.isEmpty {
            console.detail("\(name) does not see /work in its appliance: \(reason)")
            plan.mounts = []
            unshown = start.extras
            // They may still be written at this moment: how large they become is not known.
            if !unshown.isEmpty { machine.memory += Self.memoryForCopies }
        } else {
            unshown = []
        }
        (initrd, lock) = (kernel.initrd.bytes, guest.lock.descriptor)
        let parts =
            [(path: "/", partition: record.root.partition)] + (record.root.parts ?? []).map { ($0.path, $0.partition) }
        for part in parts {
            let sector = (part.partition?.offset ?? 0) / 512
            if let check = start.check {
                orders.append((.check(part.path), "check \(sector) \(check.rawValue)"))
            } else {
                orders.append(
                    (.mount(part.path), "mount \(sector) \(start.isUnsynced ? "rw,barrier=0" : "rw") \(part.path)"))
            }
        }
        if start.check == nil {
            orders.append((.system, "system \(isOwnKernel ? "whole" : "work") \(record.identity.hostname)"))
        }
        for (index, mount) in plan.mounts.enumerated() {
            orders.append((.show(mount.path), "show share\(index) \(mount.path) \(shows[mount.path] ?? "ro")"))
        }
        try launch()
    }

    /// Memory of one that works on a disk, in bytes, and its processors.
    private static let memory: Int64 = 1 << 30
    private static let cpus = 2
    private static let memoryForCopies: Int64 = 2 << 30
    /// What the kernel of one that works on a disk says is of interest where it fails; who waits for it wants no delay by random numbers.
    private static let workArguments = ["loglevel=5", "random.trust_cpu=on"]

    /// Starts the machine, and tells it all that it is to do before the first command.
    private func launch() throws {
        plan.task = .appliance(machine)
        (begun, lastMark) = (.now, .now)
        let appliance = try Appliance(plan, initrd: initrd, lock: lock, console: console)
        running = appliance
        steps = [.up]
        for (step, order) in orders {
            try appliance.order(order)
            steps.append(step)
        }
    }

    /// The machine.
    package var appliance: Appliance {
        guard let running else { preconditionFailure("an appliance that was not started") }
        return running
    }

    /// Waits until it has done what it was told at its start.
    ///
    /// - Throws: `GuestError.bootFailed` where the guest's own kernel does not get there; else `environment`, and `badInput` for a disk that
    ///   cannot be mounted.
    package func awaitStart(within limit: Duration) throws {
        do {
            try awaitSteps(until: begun + limit, limit)
        } catch let crash as MachineCrash where machine.accelerator == .tcg && !machine.emulatesInOneThread {
            // QEMU before 8.2 can lose a race between two emulated processors while one of them sets up the PCI bus.
            console.warn("\(name): \(crash.message): it is started once more, emulated in one thread")
            try appliance.waitUntilGone()
            machine.emulatesInOneThread = true
            try launch()
            try awaitSteps(until: begun + limit, limit)
        }
    }

    private func awaitSteps(until deadline: ContinuousClock.Instant, _ limit: Duration) throws {
        while let step = steps.first {
            guard let news = try appliance.next(until: deadline) else {
                throw notStarted("it did not answer within \(limit.inWords)")
            }
            switch news {
            case .started: mark("QEMU started")
            case .answer(let line):
                steps.removeFirst()
                try take(line, of: step)
            case .panicked(let line): panic = line
            case .told(let line): tell(line)
            case .stopped(let reason): throw notStarted(panic ?? reason)
            case .crashed(let signal): throw MachineCrash(signal: signal)
            }
        }
    }

    private func take(_ line: String, of step: Step) throws {
        let words = line.split(separator: " ")
        switch (step, words.first) {
        case (.up, "up"):
            // The machine's own clock tells the kernel's share from that of the modules.
            let times = words.dropFirst().compactMap { Double($0) }
            let modules = times.count == 2 ? Duration.milliseconds(max(0, Int((times[1] - times[0]) * 1000))) : .zero
            mark("kernel up", before: modules)
            mark("modules loaded")
        case (.check(let path), "done"): mark("\(path) checked")
        case (.mount(let path), "done"): mark("\(path) mounted")
        case (.system, "done"): mark("the system's file systems")
        case (.show(let path), "done"): mark("\(path) shown")
        case (.show, "failed"): console.detail("\(name): \(Names.printable(line.dropFirst(7)))")
        case (.check(let path), "failed"):
            throw DiskError.damaged(
                disk: files.disk.string, defect: "its \(path) file system: \(Names.printable(line.dropFirst(7)))")
        case (_, "failed"):
            throw Failure(
                .badInput, "the disk of \(name) cannot be used: \(Names.printable(line.dropFirst(7)))\(consoleText)")
        default: throw notStarted("it answers what nobody asked: \(Names.printable(line))")
        }
    }

    /// Tells, with `--verbose`, what took how long.
    ///
    /// - Parameter rest: how long ago it was done.
    package func mark(_ what: String, before rest: Duration = .zero) {
        let now = ContinuousClock.now - rest
        console.detail("appliance: \(what), after \((now - lastMark).milliseconds) ms")
        lastMark = max(lastMark, now)
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
    package func note(_ news: Appliance.News) throws -> String? {
        switch news {
        // The kernel lives: it was a program that wrote of a panic.
        case .started: break
        case .answer("pong"): (panic, isAsked) = (nil, false)
        case .answer(let line): return line
        case .panicked(let line): (panic, panickedAt, isAsked) = (line, .now, false)
        case .told(let line): tell(line)
        case .stopped(let reason): throw ended(reason)
        case .crashed(let signal): throw MachineCrash(signal: signal)
        }
        return nil
    }

    /// What a crash kernel says of its dump is for who waits for it.
    private func tell(_ line: String) {
        guard panic != nil else { return }
        guard line.contains("ommand line:") else { return console.say("\(name): \(Names.printable(line))") }
        // A kernel may print it twice.
        if !hasCrashKernel { console.say("\(name): its crash kernel has taken over") }
        hasCrashKernel = true
    }

    /// When something is to be done about a panic that its kernel spoke of; nil for never.
    package var panicDeadline: ContinuousClock.Instant? {
        panic == nil ? nil : panickedAt + (isAsked ? Self.panicDelay + Self.panicPatience : Self.panicDelay)
    }

    /// Asks a kernel that spoke of a panic whether it lives, when the time for that has come. The other processors go on while the first
    /// one prints what happened.
    ///
    /// - Returns: true where it was asked before, and does not answer.
    package func askAfterPanic() throws -> Bool {
        guard let deadline = panicDeadline, .now >= deadline else { return false }
        if isAsked { return true }
        try appliance.order("ping")
        isAsked = true
        return false
    }

    private static let panicDelay = Duration.seconds(4)
    private static let panicPatience = Duration.seconds(10)

    /// Why a machine is gone that nobody has switched off.
    package func ended(_ reason: String) -> any Error {
        if let panic, isOwnKernel { return GuestError.panicked(guest: name, line: panic) }
        if isOwnKernel { return Restarted(guest: name, reason: reason) }
        return Failure(
            .environment,
            "the appliance of \(name) failed: \(panic.map { Names.printable($0) } ?? reason)\(consoleText)")
    }

    /// Has it leave the disk as a shutdown does, and switches it off; all is in the disk's file when this returns.
    ///
    /// - Throws: `environment`, where it does not.
    package func finish() throws {
        guard !isDeaf else { throw Failure(.environment, "the appliance of \(name) does not answer") }
        try appliance.order("end")
        let deadline = ContinuousClock.now + Self.endPatience
        while true {
            guard let news = try appliance.next(until: deadline, interruptible: false) else {
                throw Failure(
                    .environment, "the appliance of \(name) does not leave its disk within \(Self.endPatience.inWords)")
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
    package func kill() {
        appliance.kill()
        PrivateFolder.leave(files.run)
        try? Files.removeTree(files.run)
    }
}
