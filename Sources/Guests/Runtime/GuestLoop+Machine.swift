import DevboxCore
import HostTools
import QMP
import Sandbox
import SystemPackage

/// What others may ask of a virtual machine, and what is done when its kernel panics.
extension GuestLoop {
    private static let noMachine = Failure(
        .usage, "the guest runs as a container: its kernel is the host's",
        hint: "`devbox flip` runs it on its own kernel")

    /// How long a panicked kernel may take to say that it stands still, before it is taken for one that does.
    private static let haltPatience = Duration.seconds(3)

    /// Takes in something about the kernel, tells those who follow, and acts at a panic.
    func learn(_ signal: GuestCondition.Signal) throws {
        for event in condition.note(signal) {
            control?.tellFollowers(.event(event))
            switch event {
            case .halted:
                act()
                if supervisor.plan.onPanic != .dump, panicHolder == nil, !condition.isDumping {
                    tellNoDump("its kernel stands still, and nobody takes one")
                }
            case .panicked:
                supervisor.loop.after(Self.haltPatience) { [weak self] in
                    guard let self, condition.panic != nil, !condition.isCrashKernel else { return }
                    act()
                }
            case .reset: isActing = false
            case .outOfSpace:
                space.begin { [weak self] in
                    guard let self else { return .nothing }
                    return condition.needOfSpace(supervisor.plan.onPanic)
                }
            case .resumed: inquiry.restart()
            default: break
            }
        }
        guard condition.isSuspected else { return inquiry.end() }
        // Who has caused a panic knows what it is.
        if panicHolder != nil { return try learn(.silent) }
        // Before it answered for the first time there is hardly a program that could say so.
        inquiry.heard(isUrgent: condition.isUrgent || condition.isSaidToStand && !isReady)
    }

    /// Does what the user chose for a panic, once; nothing while somebody has caused it and sees to it.
    private func act() {
        guard let machine = runtime.machine, let action = supervisor.plan.onPanic, !isActing, panicHolder == nil else {
            return
        }
        isActing = true
        switch action {
        case .kdump: break
        case .pause: machine.pause()
        case .dump:
            machine.pause()
            takeDump()
        case .reboot: machine.reset()
        case .stop: runtime.forceOff()
        }
    }

    /// Has another devbox take the dump, by the same way as any other: this one must not wait for a disk.
    private func takeDump() {
        do {
            let arguments = ["dump", "--quiet", "--work", supervisor.work.path.string, supervisor.files.name]
            let child = try ChildProcess(Command(Sandbox.thisProgram, arguments), output: .null)
            supervisor.loop.watch(child.pidfd) { [weak self] in try self?.dumpTaken() }
            dumper = consume child
        } catch {
            tellNoDump(Failure(error).message)
        }
    }

    private func tellNoDump(_ reason: String) {
        condition.noDump = reason
        control?.tellFollowers(.event(.dumpFailed(reason: reason)))
    }

    private func dumpTaken() throws {
        guard let pidfd = dumper?.pidfd else { return }
        supervisor.loop.ignore(pidfd)
        let status = try dumper?.wait(interruptible: false)
        dumper = nil
        if status?.isSuccess == true { return runtime.forceOff() }
        // The evidence stays in memory; the guest is paused.
        let reason = "devbox dump \(status?.description ?? "went away"): see \(supervisor.files.supervisorLog)"
        tellNoDump(reason)
    }

    func dump(_ format: QMPDumpFormat, for client: ControlClient) {
        guard let descriptor = client.takeDescriptor() else {
            return client.refuse(Failure(.usage, "a dump needs a descriptor to be written to"))
        }
        guard let machine = runtime.machine else {
            try? descriptor.close()
            return client.refuse(Self.noMachine)
        }
        let wasDumping = condition.isDumping
        condition.isDumping = true
        machine.dump(
            format, into: descriptor,
            MachineDumps.Job(
                progress: { [weak client] in client?.say(ControlAnswer.progress($0)) },
                done: { [weak self, weak client] result in
                    self?.condition.isDumping = wasDumping
                    switch result {
                    case .success: client?.say(ControlAnswer.done)
                    case .failure(let error): client?.refuse(error)
                    }
                }))
    }

    func stored(_ path: String, by client: ControlClient) {
        let dump = SavedDump(by: .host, path: path)
        // One of a healthy kernel is over; one of a panic is what somebody may come to wait for.
        if condition.panic != nil { condition.dump = dump }
        control?.tellFollowers(.event(.saved(dump)))
        client.say(ControlAnswer.done)
    }

    func injectNMI(for client: ControlClient) {
        guard let machine = runtime.machine else { return client.refuse(Self.noMachine) }
        panicHolder = client
        client.onGone = { [weak self, weak client] in
            guard let self, panicHolder === client else { return }
            panicHolder = nil
            // Nobody sees to the panic any more that it has caused.
            if condition.isHalted, condition.dump == nil { act() }
        }
        machine.injectNMI { [weak client] result in
            switch result {
            case .success: client?.say(ControlAnswer.done)
            case .failure(let error): client?.refuse(error)
            }
        }
    }
}
