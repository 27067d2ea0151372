import ArgumentParser
import DevboxCore
import Guests

struct ListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the guests.",
        discussion: """
            EXAMPLES:
              devbox list
              devbox list --json | jq -r '.[] | select(.state == "running") | .name'
            """,
        aliases: ["ls"])

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let guests = try options.guests().summaries { options.console.warn("the record of \($0) cannot be read") }
        var table = Table("NAME", "STATE", "MODE", "ARCH", "IMAGE", "KERNEL")
        for guest in guests {
            table.add(
                guest.name, guest.state, guest.mode.rawValue, guest.architecture.rawValue, guest.image, guest.kernel)
        }
        try options.print(guests, table.text)
    }
}
