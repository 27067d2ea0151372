import ArgumentParser
import DevboxCore
import Guests

struct GuestStop: ParsableCommand {
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
        let store = try options.guests()
        var failures = Failures(options.console)
        var reports: [String: Report] = [:]
        var stopping: [StoppingGuest] = []
        let clock = ContinuousClock.now
        for name in guests where !stopping.contains(where: { $0.name == name }) {
            try failures.collect {
                guard let running = try RunningGuest(name, in: store) else {
                    options.console.say("\(name): is not running")
                    reports[name] = Report(name: name, outcome: "not running")
                    return
                }
                stopping.append(try StoppingGuest(running, within: force ? .zero : timeout.duration))
            }
        }
        while !stopping.isEmpty {
            let guest: StoppingGuest
            do {
                guest = stopping.remove(at: try StoppingGuest.next(of: stopping))
            } catch {
                for guest in stopping { options.console.say("\(guest.name): was asked, and goes on shutting down") }
                throw error
            }
            try failures.collect {
                let outcome = try guest.finish() ? "forced off" : "shut down"
                options.console.say("\(guest.name): \(outcome) in \(seconds(since: clock))")
                reports[guest.name] = Report(name: guest.name, outcome: outcome)
            }
        }
        try options.print(guests.compactMap { reports[$0] }, "")
        try failures.finish()
    }
}
