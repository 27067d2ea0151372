import ArgumentParser

/// Global options in front of the command's name, as in `devbox --work DIR list`: who knows git and ip writes them there.
enum LeadingOptions {
    private static let flags = ["--json", "--verbose", "-v", "--quiet", "-q"]

    /// The arguments with such options behind the command's name, where the parser takes them.
    static func moved(_ arguments: [String], root: any ParsableCommand.Type) -> [String] {
        var options: [String] = []
        var rest = arguments[...]
        while let first = rest.first, first.hasPrefix("-") {
            if first == "--work", rest.count > 1 {
                options += rest.prefix(2)
                rest = rest.dropFirst(2)
            } else if flags.contains(first) || first.hasPrefix("--work=") {
                options.append(first)
                rest = rest.dropFirst()
            } else {
                return arguments
            }
        }
        var names: [String] = []
        var command = root
        while let name = rest.first,
            let found = command.configuration.subcommands.first(where: { $0.configuration.goesBy(name) })
        {
            names.append(name)
            command = found
            rest = rest.dropFirst()
        }
        // What is no command is the parser's to refuse.
        return names.isEmpty ? Array(rest) : names + options + rest
    }
}

extension CommandConfiguration {
    /// Whether a word on the command line means this command.
    func goesBy(_ name: String) -> Bool { commandName == name || aliases.contains(name) }
}
