import ArgumentParser
import DevboxCore

/// A word that is no command, and the one that was probably meant.
enum UnknownCommand {
    /// Throws for arguments that begin with a word that no command goes by; what the parser says of it helps nobody.
    static func check(_ arguments: [String], root: any ParsableCommand.Type) throws {
        try check(arguments[...], below: root.configuration, path: "devbox")
    }

    private static func check(_ arguments: ArraySlice<String>, below group: CommandConfiguration, path: String) throws {
        let commands = group.subcommands.map { $0.configuration }
        guard !commands.isEmpty, let word = arguments.first, !word.hasPrefix("-"), word != "help" else { return }
        if let found = commands.first(where: { $0.goesBy(word) }) {
            return try check(arguments.dropFirst(), below: found, path: "\(path) \(word)")
        }
        let names = commands.filter { $0.shouldDisplay }.flatMap { [$0.commandName].compactMap { $0 } + $0.aliases }
        let near = Names.nearest(to: word, among: names)
        throw Failure(
            .usage, "there is no command '\(Names.printable(word))'",
            hint: near.map { "`\(path) \($0)`?" } ?? "`\(path) --help` lists them")
    }
}
