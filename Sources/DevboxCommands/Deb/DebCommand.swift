import ArgumentParser

struct DebCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deb", abstract: "Look into Debian packages.",
        discussion: """
            EXAMPLES:
              devbox deb show linux-image-6.1.0-47-cloud-amd64_6.1.170-3_amd64.deb
            """,
        subcommands: [DebShowCommand.self])
}
