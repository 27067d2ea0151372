import DevboxCore
import FoundationEssentials

/// A page of the manual, in the macros of man(7), out of what the parser knows of a command.
struct ManualPage {
    /// What man(1) finds it under: "devbox-image-build".
    let name: String
    /// The page.
    let text: String

    /// All pages: devbox's own, and one for each command that is shown.
    static func all() throws -> [ManualPage] {
        let help = try JSONDecoder().decode(Help.self, from: Data(DevboxCommand._dumpHelp().utf8))
        return pages(help.command, below: [])
    }

    private static func pages(_ command: CommandHelp, below path: [String]) -> [ManualPage] {
        let words = path + [command.commandName]
        let shown = (command.subcommands ?? []).filter { $0.shouldDisplay && $0.commandName != "help" }
        return [ManualPage(command, words, shown)] + shown.flatMap { pages($0, below: words) }
    }

    private init(_ command: CommandHelp, _ words: [String], _ subcommands: [CommandHelp]) {
        name = words.joined(separator: "-")
        var page = ManualText()
        page.macro("TH", [name.uppercased(), "1", "", "devbox \(DevboxVersion.current)", "devbox"])
        page.section("NAME")
        page.line("\(name) - \(command.abstract ?? "")")
        page.section("SYNOPSIS")
        page.line((words + Self.synopsis(command, hasSubcommands: !subcommands.isEmpty)).joined(separator: " "))
        let (description, rest) = Self.split(command.discussion ?? "")
        page.section("DESCRIPTION")
        page.paragraphs(description.isEmpty ? [command.abstract ?? ""] : description)
        if !subcommands.isEmpty {
            page.section("COMMANDS")
            for each in subcommands { page.entry(each.commandName, each.abstract ?? "") }
        }
        let arguments = (command.arguments ?? []).filter(\.shouldDisplay)
        if !arguments.isEmpty {
            page.section("OPTIONS")
            for argument in arguments { page.entry(argument.words, argument.explanation) }
        }
        for (title, lines) in rest {
            page.section(title)
            page.paragraphs(lines)
        }
        if words.count > 1 {
            page.section("SEE ALSO")
            page.line("\(words.dropLast().joined(separator: "-"))(1)")
        }
        text = page.text
    }

    private static func synopsis(_ command: CommandHelp, hasSubcommands: Bool) -> [String] {
        let arguments = (command.arguments ?? []).filter(\.shouldDisplay)
        let options = arguments.contains { $0.kind != "positional" } ? ["[options]"] : []
        let names = arguments.filter { $0.kind == "positional" }.map { argument in
            let name = "<\(argument.valueName ?? "argument")>\(argument.isRepeating ? " ..." : "")"
            return argument.isOptional ? "[\(name)]" : name
        }
        return options + (hasSubcommands ? ["<command>"] : names)
    }

    /// What stands before the first title, and what stands below each: a title is a line of capitals, "EXAMPLES:".
    private static func split(_ discussion: String) -> (before: [String], titled: [(String, [String])]) {
        var before: [String] = []
        var titled: [(String, [String])] = []
        for line in discussion.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
            let title = line.hasSuffix(":") ? String(line.dropLast()) : line
            if title.count > 2, title.allSatisfy({ $0.isUppercase || $0 == " " }), !title.hasPrefix(" ") {
                titled.append((title, []))
            } else if titled.isEmpty {
                before.append(line)
            } else {
                titled[titled.count - 1].1.append(line)
            }
        }
        return (before, titled)
    }
}

/// Text in the macros of man(7): nothing in it that came from elsewhere is a request of roff's.
struct ManualText {
    private(set) var text = ""

    /// A macro with its arguments.
    mutating func macro(_ name: String, _ arguments: [String] = []) {
        text += ".\(name)" + arguments.map { " \"\(Self.escape($0).replacing("\"", with: "\\(dq"))\"" }.joined() + "\n"
    }

    mutating func section(_ title: String) { macro("SH", [title]) }

    /// A line of running text.
    mutating func line(_ line: String) {
        let escaped = Self.escape(line)
        // A dot or an apostrophe in front would make a request of it.
        text += (escaped.hasPrefix(".") || escaped.hasPrefix("'") ? "\\&" : "") + escaped + "\n"
    }

    /// A term with its explanation.
    mutating func entry(_ term: String, _ explanation: String) {
        macro("TP")
        macro("B", [term])
        line(explanation)
    }

    /// Lines of running text, with empty lines between paragraphs; what is indented stays as it is.
    mutating func paragraphs(_ lines: [String]) {
        var (isVerbatim, hasText, isApart) = (false, false, false)
        for each in lines {
            let wantsVerbatim = each.hasPrefix("  ")
            if wantsVerbatim != isVerbatim { macro(wantsVerbatim ? "nf" : "fi") }
            isVerbatim = wantsVerbatim
            // An empty line tells of a paragraph only where one has come before, and another one comes.
            if !each.isEmpty {
                if isApart, hasText { macro("PP") }
                line(each)
                hasText = true
            }
            isApart = each.isEmpty
        }
        if isVerbatim { macro("fi") }
    }

    private static func hexadecimal(_ scalar: Unicode.Scalar) -> String {
        let digits = String(scalar.value, radix: 16, uppercase: true)
        return String(repeating: "0", count: max(0, 4 - digits.count)) + digits
    }

    private static func escape(_ text: String) -> String {
        text.unicodeScalars.map { scalar in
            switch scalar {
            case "\\": "\\e"
            case "-": "\\-"
            // Terminals without it would show nothing.
            case "…": "..."
            // roff itself reads no UTF-8; groff_char(7).
            case _ where !scalar.isASCII: "\\[u\(hexadecimal(scalar))]"
            default: String(scalar)
            }
        }.joined()
    }
}

/// What the parser tells of itself, as its own tools read it (`--experimental-dump-help`).
private struct Help: Decodable {
    let command: CommandHelp
}

private struct CommandHelp: Decodable {
    let commandName: String
    let abstract: String?
    let discussion: String?
    let shouldDisplay: Bool
    let subcommands: [CommandHelp]?
    let arguments: [ArgumentHelp]?
}

private struct ArgumentHelp: Decodable {
    struct Name: Decodable {
        let kind: String
        let name: String
    }

    let kind: String
    let shouldDisplay: Bool
    let isOptional: Bool
    let isRepeating: Bool
    let names: [Name]?
    let valueName: String?
    let abstract: String?
    let discussion: String?
    let defaultValue: String?

    /// "-q, --quiet", "--work <work>", "<guest>".
    var words: String {
        guard kind != "positional" else { return "<\(valueName ?? "argument")>" }
        let all = (names ?? []).map { $0.kind == "long" ? "--\($0.name)" : "-\($0.name)" }
        return all.sorted { $0.count < $1.count }.joined(separator: ", ")
            + (kind == "option" ? " <\(valueName ?? "value")>" : "")
    }

    var explanation: String {
        var parts = [abstract, discussion].compactMap { $0 }
        if let defaultValue { parts.append("Default: \(defaultValue).") }
        return parts.joined(separator: " ").replacing("\n", with: " ")
    }
}
