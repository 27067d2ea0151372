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

    private struct Report: Encodable {
        let name: String
        /// "shut down", "forced off" or "not running".
        let outcome: String
    }

    func run() throws {
        let store = try options.guests()
        var reports: [Report] = []
        for name in guests {
            let clock = ContinuousClock.now
            guard let running = try RunningGuest(name, in: store) else {
                options.console.say("\(name): is not running")
                reports.append(Report(name: name, outcome: "not running"))
                continue
            }
            let forced = try running.stop(within: force ? .zero : timeout.duration)
            let outcome = forced ? "forced off" : "shut down"
            options.console.say("\(name): \(outcome) in \(seconds(since: clock))")
            reports.append(Report(name: name, outcome: outcome))
        }
        try options.print(reports, "")
    }
}
