import ArgumentParser
import DevboxCore
import Glibc
import HostTools

struct CompletionsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "completions", abstract: "Print what makes a shell complete devbox's commands and names.",
        discussion: """
            `make install` puts it where the shells of all users find it. --install puts it where your own does, and needs no work \
            directory.

            EXAMPLES:
              devbox completions bash --install
              eval "$(devbox completions bash)"        for the shell that runs
              devbox completions fish | source
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The shell: \(Shell.allCases.map(\.rawValue).joined(separator: ", ")).")
    var shell: Shell

    @Flag(help: "Write it where your shell looks for it, and say where that is.")
    var install = false

    func run() throws {
        let script = shell.script
        guard install else { return try options.print(Report(shell: shell, script: script), script) }
        let environment = Command.inheritedEnvironment
        let owner = Owner.invoking(environment)
        // Root would write where another user can put links.
        guard owner.uid == geteuid() else {
            throw Failure(
                .usage, "completions are installed by the user whose shell it is",
                hint: "without sudo: devbox completions \(shell.rawValue) --install")
        }
        let file = shell.file(environment: environment, home: owner.home)
        try Files.makeDirectory(file.removingLastComponent())
        try Files.writeAtomically(Array(script.utf8), to: file, mode: 0o644)
        try options.print(Report(shell: shell, file: file.string), "\(file)")
        if let remark = shell.remark(on: file) { options.console.say(remark) }
    }

    /// What `--json` prints.
    private struct Report: Encodable {
        let shell: Shell
        var script: String?
        var file: String?
    }
}
