import ArgumentParser
import DevboxCore
import Fetch
import Images

struct SourcesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "sources", abstract: "Show the sources of packages, and whether each answers.",
        discussion: """
            They stand in the work directory's devbox.yaml; `devbox templates devbox.yaml` shows how. The machine's own apt sources need \
            no line there.

            EXAMPLES:
              devbox sources
              devbox sources --json | jq -r '.[] | select(.answers | not) | .reason'
            """)

    @OptionGroup var options: GlobalOptions

    func run() throws {
        // Whoever asks waits for the answer, and may ask again.
        let work = try options.workToBegin()
        let fetcher = try Fetcher(
            work, options.settings(of: work), runner: options.runner, limits: HTTPLimits(attempts: 2),
            hostSuite: Release.host?.codename, command: typedCommand)
        let reports = try fetcher.report()
        var table = Table("NAME", "KIND", "ROOT", "SIGNED", "PACKAGES", "STATE")
        for report in reports {
            table.add(
                report.name, report.kind, report.root, report.keyrings.isEmpty && report.name != "apt" ? "no" : "yes",
                report.packages?.joined(separator: ", ") ?? "any", report.answers ? "answers" : "does not answer")
        }
        try options.print(reports, table.text)
        for report in reports {
            if let reason = report.reason { options.console.warn("\(report.name): \(reason)") }
        }
    }
}
