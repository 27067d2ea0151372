import ArgumentParser
import DevboxCore
import Fetch
import Glibc
import HostTools

/// `devbox` with all its subcommands.
public struct DevboxCommand: ParsableCommand {
    /// The name, the help and the subcommands.
    public static let configuration = CommandConfiguration(
        commandName: "devbox",
        abstract:
            "A ready environment for each kernel bug: clone a guest, run it as a VM or as a container on the same disk.",
        discussion: """
            EXAMPLES:
              devbox image build                       a base image of the host's release
              devbox clone bookworm-amd64 bug-4711     a guest of its own, in a blink
              devbox exec bug-4711 -- uname -a         run something in it, started or not
              devbox flip bug-4711 lxc                 the same disk as a container
              git bisect run devbox exec --bisect --mode kvm bug-4711 -- /work/build/test

            The work directory is --work, else $DEVBOX_WORK, else ~/devbox. Guests see its share/ at /work.
            """,
        version: DevboxVersion.current,
        groupedSubcommands: [
            CommandGroup(
                name: "Guest",
                subcommands: [
                    CloneCommand.self, ListCommand.self, ShowCommand.self, RemoveCommand.self, StartCommand.self,
                    StopCommand.self,
                    FlipCommand.self, ExecCommand.self, CpCommand.self, ShellCommand.self, ConsoleCommand.self,
                    WaitCommand.self, SnapshotCommand.self, RollbackCommand.self, SSHConfigCommand.self,
                ]),
            CommandGroup(
                name: "Kernel", subcommands: [InstallKernelCommand.self, KernelsCommand.self, RemoveKernelCommand.self]),
            CommandGroup(
                name: "Dump",
                subcommands: [
                    KdumpArmCommand.self, KdumpDisarmCommand.self, KdumpStatusCommand.self, DumpsCommand.self,
                    DumpCommand.self,
                ]),
            CommandGroup(name: "Image", subcommands: [ImageCommand.self]),
            CommandGroup(
                name: "Package",
                subcommands: [
                    FetchCommand.self, SourcesCommand.self, PackagesCommand.self, InstallCommand.self, DebCommand.self,
                ]),
            CommandGroup(
                name: "Host",
                subcommands: [
                    DoctorCommand.self, CompletionsCommand.self, ManCommand.self, TemplatesCommand.self,
                    SuperviseCommand.self,
                    SSHProxyCommand.self,
                ]),
        ]
    )

    /// In front of a command's name they are moved behind it; here they stand for the help, and for shells that complete.
    @OptionGroup var options: GlobalOptions

    /// For the parser.
    public init() {}

    /// Runs the command line and ends the process with devbox's exit codes.
    public static func run() -> Never {
        // A descriptor of devbox's own in the place of one of these would be read and written by commands in guests.
        for descriptor in 0...2 where fcntl(Int32(descriptor), F_GETFD) < 0 { _ = open("/dev/null", O_RDWR) }
        Interrupts.install()
        let arguments = LeadingOptions.moved(Array(CommandLine.arguments.dropFirst()), root: self)
        // It takes as long as reading the command line does.
        if arguments.first == FetchCommand.configuration.commandName { Fetcher.prepare() }
        do {
            try UnknownCommand.check(arguments, root: self)
            var command = try parseAsRoot(arguments)
            try command.run()
            try Console.checkOutput()
        } catch {
            finish(error, of: arguments.first)
        }
        end(0)
    }

    /// Ends the process at once: the functions of libraries that exit(3) would call have nothing to do that the kernel does not do too,
    /// and must not run while a thread still loads such a library.
    private static func end(_ status: Int32) -> Never { _exit(status) }

    private static func finish(_ error: any Error, of command: String?) -> Never {
        if let status = error as? ArgumentParser.ExitCode { end(status.rawValue) }
        let console = Console(level: .normal, environment: Command.inheritedEnvironment)
        guard let reportable = error as? any ReportableError else {
            let status = exitCode(for: error)
            let text = fullMessage(for: error)
            // Help and the version are asked for; everything else the parser says is an error like any other.
            if status.isSuccess {
                Console.print(text)
                do {
                    try Console.checkOutput()
                } catch {
                    finish(error, of: command)
                }
                end(0)
            }
            console.report(Failure(.usage, text.hasPrefix("Error: ") ? String(text.dropFirst(7)) : text))
            // A line behind `git bisect run` that is wrong must not make every commit a bad one.
            let isExec = command == ExecCommand.configuration.commandName
            end(isExec ? DevboxCore.ExitCode.environment.rawValue : status.rawValue)
        }
        console.report(reportable)
        end(reportable.exitCode.rawValue)
    }
}
