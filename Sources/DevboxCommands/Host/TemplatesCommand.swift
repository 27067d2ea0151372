import ArgumentParser
import DevboxCore
import Templates

struct TemplatesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "templates",
        abstract: "List the files that devbox writes into guests or hands to programs, or print one of them.",
        discussion: """
            A file of the same name in templates/ of the work directory, or in devbox/templates of ~/.config, takes the place \
            of devbox's own, which is what is printed.

            EXAMPLES:
              devbox templates
              devbox templates devbox.yaml > ~/devbox/devbox.yaml       the commented example of all settings
              devbox templates --json | jq -r '.[] | select(.file).name'
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(
        help: "A template's name.",
        completion: .custom { _, _, _ in (try? Templates.builtIn.files()) ?? [] })
    var name: String?

    func run() throws {
        if let name {
            let text = try Templates.builtIn.text(name)
            if options.json { return try options.print(Printed(name: name, text: text), "") }
            return Console.write(text, to: 1)
        }
        let templates = try options.templates()
        let report = try templates.files().map { Listed(name: $0, file: templates.override(of: $0)?.string) }
        var table = Table("NAME", "FROM")
        for template in report { table.add(template.name, template.file ?? "devbox") }
        try options.print(report, table.text)
    }

    /// What `--json` prints of one.
    private struct Printed: Encodable {
        let name: String
        let text: String
    }

    /// What `--json` prints of each.
    private struct Listed: Encodable {
        let name: String
        /// The user's own in its place.
        let file: String?
    }
}
