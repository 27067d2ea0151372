import ArgumentParser
import DevboxCore
import Guests

struct StopCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stop", abstract: "Shut guests down, and force those that do not end in time.",
        discussion: """
            EXAMPLES:
              devbox stop bug-4711
              devbox stop bug-4711 bug-4712         both at the same time
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
        var failures = Failures(options.console)
        var reports: [String: Report] = [:]
        let clock = ContinuousClock.now
        let stopper = GuestStopper(try options.guests(), console: options.console)
        try stopper.stop(guests, within: force ? .zero : timeout.duration) { name, end in
            reports[name] = Report(name: name, outcome: end.rawValue)
            switch end {
            case .notRunning: options.console.say("\(name): is not running")
            case .shutDown, .forcedOff:
                options.console.say("\(name): \(end.rawValue) in \(seconds(since: clock))")
            }
        } failed: {
            failures.add($0)
        }
        try options.print(guests.compactMap { reports[$0] }, "")
        try failures.finish()
    }
}
