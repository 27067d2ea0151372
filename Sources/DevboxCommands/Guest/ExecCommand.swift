import ArgumentParser
import DevboxCore
import Glibc
import Guests
import Targets

struct ExecCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "exec", abstract: "Run a command in a guest, started or not.",
        discussion: """
            A running guest runs it over ssh or in its container. In a stopped guest it runs in a container or an appliance just for it \
            (--in), with no init; with --mode kvm the guest is started for it and stopped again, and with --init none as well its own kernel \
            runs it at once. The command's changes to the disk are kept.

            It ends with the command's own status. What is not the command's: 121 the kernel panicked or did not boot, 122 the time limit \
            passed, 125 the environment could not be brought up, so `git bisect run` skips it. In a container the kernel is \
            the host's.

            The command's end is the end, in every mode: what it has left running ends with it. With --detach that goes on, where the \
            guest runs; what it writes from then on goes nowhere.

            EXAMPLES:
              devbox exec bug-4711 -- uname -a
              devbox exec bug-4711 --in appliance -- dpkg -l
              devbox exec bug-4711 --mode kvm --timeout 600 -- /work/build/test
              devbox exec --detach bug-4711 -- sh -c 'stress-ng --vm 2 >/root/stress.log 2>&1 &'
              git bisect run devbox exec --bisect --mode kvm bug-4711 -- /work/build/test
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var start: StartArguments
    @OptionGroup var sandbox: SandboxArguments

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    @Option(help: "kvm starts a stopped guest for the command; lxc is a container.")
    var mode: GuestMode?

    @Option(
        name: .customLong("init"),
        help: ArgumentHelp(
            "none: with --mode kvm, run the command without the guest's own init.",
            discussion:
                "The kernel mounts the root and runs it at once: no services, no sshd, no network.",
            valueName: "init"))
    var initSystem = InitSystem.own

    @Option(help: ArgumentHelp("How long the command may take.", valueName: "seconds"))
    var timeout: Seconds?

    @Flag(help: "Let go on what the command leaves running, in a guest that runs.")
    var detach = false

    @Flag(
        help:
            "Statuses for `git bisect run`: what the command ends with is good (0) or bad (1 to 127), devbox's own failures are 125."
    )
    var bisect = false

    @Argument(parsing: .postTerminator, help: "The command and its arguments, behind --.")
    var command: [String]

    func validate() throws {
        if command.isEmpty { throw ValidationError("a command is missing: devbox exec \(guest) -- COMMAND") }
        if let timeout, timeout.duration <= .zero { throw ValidationError("--timeout: more than 0 seconds") }
        try sandbox.check(with: mode)
        if initSystem == .none { try checkWithoutInit() }
    }

    private func checkWithoutInit() throws {
        guard mode == .kvm else {
            throw ValidationError(
                "--init none is for a virtual machine that is started for the command: add --mode kvm, also where that is the guest's own mode"
            )
        }
        if detach { throw ValidationError("--detach: nothing goes on after the command with --init none") }
        if start.bridge != nil { throw ValidationError("--bridge: there is no network with --init none") }
    }

    func run() throws {
        var status: Int32
        do {
            var wanted = TargetCommand(command, limit: timeout?.duration)
            wanted.input = .inherit
            var starting = start.options
            starting.hasInit = initSystem != .none
            status = try GuestExec(options.targets(in: sandbox.kind)).run(
                wanted, in: guest, mode: mode, start: starting, detach: detach
            ).status
        } catch let error as any ReportableError {
            options.console.report(error)
            throw ExitCode(ExecStatus.of(error).rawValue)
        }
        if bisect { status = ExecStatus.bisect(status) }
        throw ExitCode(status)
    }
}

/// What brings up a virtual machine that is started for a command.
enum InitSystem: String, CaseIterable, ExpressibleByArgument {
    /// The guest's own.
    case own
    case none
}
