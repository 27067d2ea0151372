import ArgumentParser
import DevboxCore
import FoundationEssentials
import Guests

struct GuestShow: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show everything that is known of a guest.",
        discussion: """
            EXAMPLES:
              devbox show bug-4711
              devbox show bug-4711 --json | jq .snapshots
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    func run() throws {
        let store = try options.guests()
        let report = try GuestReport(guest, in: store)
        try options.print(report, report.text)
    }
}
