import ArgumentParser
import DevboxCore
import Guests

struct GuestStop: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Shut guests down, and force those that do not end in time.",
        discussion: """
            EXAMPLES:
              devbox stop bug-4711
              devbox stop bug-4711 --force          at once, as if the power failed
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The guests.", completion: NameCompletion.guests)
    var guests: [String]

    @Option(help: ArgumentHelp("How long a guest may take to shut down before it is forced off.", valueName: "seconds"))
    var timeout = Seconds(60)

    @Flag(name: .shortAndLong, help: "Force it off at once.")
    var force = false

    func run() throws {
        let store = try options.guests()
        for name in guests {
            let clock = ContinuousClock.now
            guard let running = try RunningGuest(name, in: store) else {
                options.console.say("\(name): is not running")
                continue
            }
            let forced = try running.stop(within: force ? .zero : timeout.duration)
            options.console.say("\(name): \(forced ? "forced off" : "shut down") in \(seconds(since: clock))")
        }
    }
}
