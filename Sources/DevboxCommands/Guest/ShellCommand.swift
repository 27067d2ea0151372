import ArgumentParser
import DevboxCore
import Guests
import Targets

struct ShellCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "shell", abstract: "Open a shell in a guest, started or not.",
        discussion: """
            In a stopped guest it is a container without an init or the appliance (--in); what is changed there is kept.

            EXAMPLES:
              devbox shell bug-4711
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var start: StartArguments
    @OptionGroup var sandbox: SandboxArguments

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    @Option(help: "kvm starts a stopped guest for the shell; lxc is a container.")
    var mode: GuestMode?

    func validate() throws { try sandbox.check(with: mode) }

    func run() throws {
        var shell = try TargetCommand(options.templates().shell("target/shell.sh"))
        shell.input = .inherit
        // As after any login: what was started in it and left the terminal goes on.
        shell.leavesRunning = true
        let exec = GuestExec(try options.targets(in: sandbox.kind))
        throw ExitCode(try exec.run(shell, in: guest, mode: mode, start: start.options).status)
    }
}
