import ArgumentParser
import Guests
import Images

struct ImageRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove images that no guest stands on.",
        discussion: """
            EXAMPLES:
              devbox image remove bookworm-amd64
            """,
        aliases: ["rm"])

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The images.", completion: NameCompletion.images)
    var images: [String]

    func run() throws {
        let guests = try options.guests()
        var failures = Failures(options.console)
        var removed: [String] = []
        for name in images {
            try failures.collect {
                try ImageRemoval.remove(name, guests: guests)
                options.console.say("\(name): removed")
                removed.append(name)
            }
        }
        if options.json { try options.print(["removed": removed], "") }
        try failures.finish()
    }
}
