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
        let near = names.map { (distance: $0.hasPrefix(word) ? 0 : distance($0, word), name: $0) }
            .min { $0.distance < $1.distance }
        let isNear = near.map { $0.distance <= max(1, word.count / 3) } == true
        throw Failure(
            .usage, "there is no command '\(Names.printable(word))'",
            hint: isNear ? "`\(path) \(near?.name ?? "")`?" : "`\(path) --help` lists them")
    }

    /// How many letters have to be put in, taken out, replaced, or swapped with their neighbour.
    static func distance(_ one: String, _ other: String) -> Int {
        let (one, other) = (Array(one), Array(other))
        var rows = [Array(0...other.count)]
        for (i, left) in one.enumerated() {
            var row = [i + 1]
            for (j, right) in other.enumerated() {
                var best = min(rows[i][j] + (left == right ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left == other[j - 1], one[i - 1] == right { best = min(best, rows[i - 1][j - 1] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[one.count][other.count]
    }
}
