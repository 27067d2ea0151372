import ArgumentParser
import DevboxCore
import FoundationEssentials
import Guests

struct GuestList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the guests.",
        discussion: """
            EXAMPLES:
              devbox list
              devbox list --json | jq -r '.[] | select(.state == "running") | .name'
            """,
        aliases: ["ls"])

    @OptionGroup var options: GlobalOptions

    private struct Row: Encodable {
        let name: String
        let state: String
        let mode: GuestMode
        let architecture: Architecture
        let image: String
        let kernel: String?
        let createdAt: Date
    }

    func run() throws {
        let store = try options.guests()
        var rows: [Row] = []
        for name in try store.names() {
            guard let guest = try? store.load(name) else {
                if Files.exists(store.files(name).record) {
                    options.console.warn("the record of \(name) cannot be read")
                }
                continue
            }
            let running = try? RunningGuest(name, in: store)
            rows.append(
                Row(
                    name: name, state: running?.condition().state ?? "stopped", mode: running?.state.mode ?? guest.mode,
                    architecture: guest.architecture,
                    image: guest.image.name,
                    // A container runs on the host's kernel, whatever is installed in it.
                    kernel: running.map(\.state.kernel) ?? guest.startingKernel?.version,
                    createdAt: guest.createdAt))
        }
        var table = Table("NAME", "STATE", "MODE", "ARCH", "IMAGE", "KERNEL")
        for row in rows {
            table.add(row.name, row.state, row.mode.rawValue, row.architecture.rawValue, row.image, row.kernel)
        }
        try options.print(rows, table.text)
    }
}
