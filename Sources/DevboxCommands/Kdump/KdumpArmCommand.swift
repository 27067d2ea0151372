import ArgumentParser
import Crash
import DevboxCore
import Guests
import Kdump

struct KdumpArmCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kdump-arm", abstract: "Set a guest up to leave a dump when its kernel fails.",
        discussion: """
            The faults of --panic-on make the guest's kernel panic; kdump-tools in the guest then saves a vmcore to /var/crash, and \
            `devbox dumps` brings it out. All is done without booting the guest: sysctls, memory for the crash kernel and its initrd, \
            for every installed kernel and for those that `devbox install-kernel` brings later. In a running virtual machine \
            the sysctls take effect at once, the rest after a restart. `devbox kdump-disarm` brings back what was.

            FAULTS
              oops        a bad address, BUG()            nmi       one of unknown origin (x86)
              hung-task   a task stuck in D state         warn      WARN()
              softlockup  a processor that loops          oom       memory has run out
              hardlockup  one that takes no interrupts    io-nmi    one for a bus error (x86)
              rcu-stall   a grace period without end      all       all of these

            EXAMPLES:
              devbox kdump-arm bug-4711
              devbox kdump-arm bug-4711 --panic-on oops,warn,kernel.panic_on_taint=0x20
              devbox kdump-arm bug-4711 --panic-on hung-task --hung-task-timeout 30
              devbox kdump-arm bug-4711 --crashkernel 256M --verify
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var sandbox: SandboxArguments

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    @Option(
        help: ArgumentHelp(
            "Faults to panic on, and any sysctl as name=value, with commas between.", valueName: "list"),
        completion: .list(PanicCause.allCases.map(\.rawValue) + ["all"]))
    var panicOn = PanicCause.usual.map(\.rawValue).joined(separator: ",")

    @Option(
        help: ArgumentHelp(
            "Memory for the kernel that saves the dump, as `crashkernel=` takes it. Default: by architecture and memory.",
            valueName: "size"))
    var crashkernel: String?

    @Option(help: ArgumentHelp("After how long a task in D state counts as hung.", valueName: "seconds"))
    var hungTaskTimeout: Int?

    @Option(help: ArgumentHelp("After how long a processor that loops counts as locked up.", valueName: "seconds"))
    var softlockupThreshold: Int?

    @Option(
        help: ArgumentHelp(
            "Which pages a dump leaves out, as `makedumpfile -d` counts: 31 for all but the kernel's, 0 for none.",
            valueName: "level"))
    var dumpLevel = 31

    @Flag(
        help: """
            Prove it: crash a throw-away clone, and show the dump that it left. Takes two boots.
            """)
    var verify = false

    @Option(
        name: .customLong("verify-timeout"),
        help: ArgumentHelp("How long the clone may take to save its dump.", valueName: "seconds"))
    var verifyTimeout = Seconds(300)

    func validate() throws {
        if let crashkernel, CrashKernelSize(crashkernel) == nil {
            throw ValidationError("--crashkernel: a size such as 192M, or a list such as 1G-4G:192M,4G-:256M")
        }
        if let flaw = crashkernel.flatMap(CrashKernelSize.init)?.flaw {
            throw ValidationError("--crashkernel: \(flaw)")
        }
        guard (0...31).contains(dumpLevel) else { throw ValidationError("--dump-level: 0 to 31") }
        if let hungTaskTimeout, !(1...86_400).contains(hungTaskTimeout) {
            throw ValidationError("--hung-task-timeout: 1 to 86400")
        }
        if let softlockupThreshold, !(1...120).contains(softlockupThreshold) {
            throw ValidationError("--softlockup-threshold: 1 to 120")
        }
    }

    func run() throws {
        let list = try ArmingOptions.parse(panicOn)
        let store = try options.guests(in: sandbox.kind)
        let armer = KdumpArmer(store, runner: options.runner)
        if verify { try armer.checkIsProvable(guest) }
        let arming = try armer.arm(
            guest,
            ArmingOptions(
                causes: list.causes, sysctls: list.sysctls, crashKernel: crashkernel.flatMap(CrashKernelSize.init),
                hungTaskTimeout: hungTaskTimeout, softlockupThreshold: softlockupThreshold, dumpLevel: dumpLevel,
                command: typedCommand))
        for warning in arming.warnings { options.console.warn("\(guest): \(warning)") }
        if arming.record.architecture == .arm64 { options.console.warn("\(guest): \(KdumpStatus.arm64Doubt)") }
        let state = arming.state
        if let raised = state.raisedMemory {
            options.console.say(
                "\(guest): memory raised from \(ByteSize.text(raised.from)) to \(ByteSize.text(raised.to)), to make room for the crash kernel"
            )
        }
        if list.causes.contains(.hardlockup), state.settings.contains(where: { $0.name == "kernel.hardlockup_panic" }) {
            Notices.once("hardlockup", work: store.work, console: options.console) {
                "hardlockup: \(PanicCause.hardlockupNeed)"
            }
        }
        let named = list.sysctls.filter { named in state.settings.contains { $0.name == named.name } }
        let faults = (list.causes.map(\.rawValue) + named.map { "\($0.name)=\($0.value)" }).joined(separator: ", ")
        switch arming.mode {
        case nil:
            options.console.say(
                "\(guest): armed against \(faults); its next start reserves \(Self.reserved(arming)) for the crash kernel"
            )
        case .kvm:
            let rest =
                arming.isLoaded
                ? "its crash kernel is loaded" : "a restart reserves \(Self.reserved(arming)) for the crash kernel"
            options.console.say("\(guest): armed against \(faults); the sysctls are in effect, and \(rest)")
        case .lxc:
            options.console.say(
                "\(guest): armed against \(faults), for its next start as a virtual machine: a container's kernel is the host's"
            )
        }
        let proof = verify ? try prove(armer) : nil
        if options.json { try options.print(Report(guest: guest, arming, proof), "") }
    }

    private static func reserved(_ arming: Arming) -> String {
        let wanted = arming.state.crashKernel
        if arming.reserved == 0 { return "nothing" }
        return CrashKernelSize(wanted)?.bytes == arming.reserved
            ? wanted : "\(ByteSize.text(arming.reserved)) (crashkernel=\(wanted))"
    }

    private func prove(_ armer: KdumpArmer) throws -> DumpRecord {
        let clock = ContinuousClock.now
        let dump = try armer.prove(guest, within: verifyTimeout.duration, command: typedCommand)
        options.console.say(
            "\(guest): verified in \(seconds(since: clock)): a clone's kernel \(Names.printable(dump.kernel ?? "")) panicked and left a vmcore of \(ByteSize.text(dump.size)) (\(Names.printable(dump.title ?? "")))"
        )
        return dump
    }

    private struct Report: Encodable {
        let guest: String
        let crashKernel: String
        let dumpLevel: Int
        let memory: Int64
        let reserved: Int64
        let settings: [KdumpState.Setting]
        let files: [String]
        let warnings: [String]
        let needsRestart: Bool
        /// The dump of the clone that was crashed for --verify.
        let proof: DumpRecord?

        init(guest: String, _ arming: Arming, _ proof: DumpRecord?) {
            self.guest = guest
            self.proof = proof
            let state = arming.state
            (crashKernel, dumpLevel, settings) = (state.crashKernel, state.dumpLevel, state.settings)
            (memory, reserved, warnings) = (arming.record.memory, arming.reserved, arming.warnings)
            files = state.files.map(\.path)
            needsRestart = arming.mode != nil
        }
    }
}
