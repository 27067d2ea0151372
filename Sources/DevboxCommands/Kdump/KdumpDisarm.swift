import ArgumentParser
import DevboxCore
import Guests
import Kdump

struct KdumpDisarm: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kdump-disarm", abstract: "Bring back what kdump-arm changed in a guest, and nothing else.",
        discussion: """
            Files that were edited since the guest was armed stay as they are, and are named.

            EXAMPLES:
              devbox kdump-disarm bug-4711
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    func run() throws {
        let outcome = try KdumpArmer(try options.guests(), runner: options.runner).disarm(guest)
        for file in outcome.edited { options.console.warn("\(guest): \(file) was edited since it was armed: it stays") }
        if !outcome.wasArmed {
            options.console.say("\(guest): was not armed")
        } else if outcome.mode == .kvm {
            let kept =
                outcome.remaining.isEmpty ? "" : ", and \(outcome.remaining.joined(separator: ", ")) stays as it is"
            options.console.say(
                "\(guest): disarmed; until it is restarted, the memory of the crash kernel stays reserved\(kept)")
        } else {
            options.console.say("\(guest): disarmed")
        }
        if options.json {
            try options.print(
                Report(
                    guest: guest, wasArmed: outcome.wasArmed, edited: outcome.edited, needsRestart: outcome.mode == .kvm
                ),
                "")
        }
    }

    private struct Report: Encodable {
        let guest: String
        let wasArmed: Bool
        let edited: [String]
        let needsRestart: Bool
    }
}
