import ArgumentParser
import DevboxCore
import Guests

struct RemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove stopped guests with their disks.",
        discussion: """
            Disks that other guests stand on stay until the last of them is removed.

            EXAMPLES:
              devbox remove bug-4711
              devbox remove --force bug-4711 bug-4712      stop them first where they run
              devbox remove -qf bug-4711                   in a script: one that is not there is as wanted
            """,
        aliases: ["rm"])

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The guests.", completion: NameCompletion.guests)
    var guests: [String]

    @Flag(name: .shortAndLong, help: "Stop a running guest at once, and remove it; one that is not there is no error.")
    var force = false

    func run() throws {
        let store = try options.guests()
        var failures = Failures(options.console)
        var removed: [String] = []
        for name in guests {
            try failures.collect {
                guard try GuestRemoval.remove(name, from: store, force: force, runner: options.runner) else {
                    return options.console.say("\(name): is not there")
                }
                options.console.say("\(name): removed")
                removed.append(name)
            }
        }
        if options.json { try options.print(["removed": removed], "") }
        try failures.finish()
    }
}
