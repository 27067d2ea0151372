import ArgumentParser
import Guests

/// The hidden helper in which a guest's processes live; see `Supervisor`.
struct SuperviseCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "supervise", abstract: "Own the processes of a guest (devbox starts this itself).",
        shouldDisplay: false)

    func run() throws { Supervisor.main() }
}
