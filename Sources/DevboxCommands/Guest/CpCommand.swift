import ArgumentParser
import DevboxCore
import Targets

struct CpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "cp", abstract: "Copy a file or a folder into a guest or out of it, running or not.",
        discussion: """
            One side is GUEST:/path. Into an existing folder it comes under its own name. Of a stopped guest it is done in a container or in the \
            appliance (--in).

            EXAMPLES:
              devbox cp reproduce.c bug-4711:/root/
              devbox cp bug-4711:/var/log/dmesg .
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var sandbox: SandboxArguments

    @Argument(help: "What to copy: a path, or GUEST:/path.", completion: .file())
    var source: String

    @Argument(help: "Where to: a path, or GUEST:/path.", completion: .file())
    var target: String

    func run() throws {
        try TargetCopy.copy(CopyPlace(source), to: CopyPlace(target), options.targets(in: sandbox.kind))
    }
}
