import ArgumentParser
import DevboxCore
import Guests
import Kdump

struct KdumpDisarmCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kdump-disarm", abstract: "Bring back what kdump-arm changed in a guest, and nothing else.",
        discussion: """
            Files that were edited since the guest was armed stay as they are, and are named.

            EXAMPLES:
              devbox kdump-disarm bug-4711
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var sandbox: SandboxArguments

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    func run() throws {
        let disarmed = try KdumpArmer(try options.guests(in: sandbox.kind), runner: options.runner).disarm(guest)
        for file in disarmed.edited {
            options.console.warn("\(guest): \(file) was edited since it was armed: it stays")
        }
        if !disarmed.wasArmed {
            options.console.say("\(guest): was not armed")
        } else if disarmed.mode == .kvm {
            let kept =
                disarmed.remaining.isEmpty ? "" : ", and \(disarmed.remaining.joined(separator: ", ")) stays as it is"
            options.console.say(
                "\(guest): disarmed; until it is restarted, the memory of the crash kernel stays reserved\(kept)")
        } else {
            options.console.say("\(guest): disarmed")
        }
        if options.json {
            try options.print(
                Report(
                    guest: guest, wasArmed: disarmed.wasArmed, edited: disarmed.edited,
                    needsRestart: disarmed.mode == .kvm
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
