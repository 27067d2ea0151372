/// What a document says that can be checked: command lines, commands named in its sentences, and links.
struct MarkdownText {
    /// Words, and the line that they begin in.
    struct Place: Equatable {
        let line: Int
        let words: [String]
    }

    /// Each simple command of the blocks that show a shell, sudo and assignments taken off.
    private(set) var commands: [Place] = []
    /// What stands between back-ticks in sentences and tables, without the brackets around what may be left out.
    private(set) var mentions: [Place] = []
    /// The paths of links into the sources, each as one word.
    private(set) var links: [Place] = []

    init(_ text: String) {
        var block: (language: Substring, first: Int, lines: [String])?
        for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
            if line.hasPrefix("```") {
                if let block { read(block.lines, from: block.first, language: block.language) }
                block = block == nil ? (line.dropFirst(3), index + 2, []) : nil
            } else if block != nil {
                block?.lines.append(String(line))
            } else {
                readSentence(String(line), index + 1)
            }
        }
    }

    private mutating func readSentence(_ line: String, _ number: Int) {
        for match in line.matches(of: #/\]\(([^)\s]+)\)/#) where !match.1.contains("://") && !match.1.hasPrefix("#") {
            links.append(Place(line: number, words: [String(match.1.prefix { $0 != "#" })]))
        }
        for match in line.matches(of: #/`([^`]+)`/#) {
            let words = match.1.split { " []|\\,:".contains($0) }.map(String.init)
            mentions.append(Place(line: number, words: words))
        }
    }

    /// Where a block has prompts, they say which lines are commands; else each is one.
    private mutating func read(_ lines: [String], from first: Int, language: Substring) {
        guard ["", "sh", "console"].contains(language) else { return }
        let hasPrompts = lines.contains { $0.hasPrefix("$ ") }
        var index = 0
        while index < lines.count {
            let number = first + index
            var line = lines[index]
            index += 1
            if hasPrompts {
                guard line.hasPrefix("$ ") else { continue }
                line.removeFirst(2)
            }
            while !ShellText(line).isComplete, index < lines.count {
                line += "\n" + lines[index]
                index += 1
            }
            for words in ShellText(line).allCommands { commands.append(Place(line: number, words: words)) }
        }
    }
}

/// As much of a shell's grammar as documents use: quotes, comments, pipes, lists, redirections, continued lines.
struct ShellText {
    /// Whether its last quote is closed and its last line not continued.
    private(set) var isComplete = true
    private var commands: [[Word]] = [[]]

    private struct Word {
        var text = ""
        var isQuoted = false
    }

    init(_ text: String) {
        var word: Word?
        var quote: Character?
        var isEscaped = false
        var isComment = false
        func end(_ commands: inout [[Word]]) {
            if let word { commands[commands.count - 1].append(word) }
            word = nil
        }
        for character in text {
            switch character {
            case "\n" where isEscaped, "\n" where isComment:
                if isComment { commands.append([]) }
                (isEscaped, isComment) = (false, false)
            case _ where isComment: break
            case _ where isEscaped:
                word = Word(text: (word?.text ?? "") + String(character), isQuoted: true)
                isEscaped = false
            case "\\" where quote != "'": isEscaped = true
            case _ where character == quote: quote = nil
            case _ where quote != nil: word?.text.append(character)
            case "'", "\"":
                quote = character
                word = Word(text: word?.text ?? "", isQuoted: true)
            case "#" where word == nil: isComment = true
            case " ", "\t": end(&commands)
            case "|", "&", ";", "\n", "(", ")":
                end(&commands)
                commands.append([])
            case "<", ">":
                end(&commands)
                commands[commands.count - 1].append(Word(text: ">"))
            default: word = Word(text: (word?.text ?? "") + String(character), isQuoted: word?.isQuoted ?? false)
            }
        }
        isComplete = quote == nil && !isEscaped
        end(&commands)
    }

    /// The words of each simple command, also of those in quoted scripts (`sh -c '…'`).
    var allCommands: [[String]] {
        commands.flatMap { words in
            let scripts = words.filter { $0.isQuoted && $0.text.contains("devbox ") }
            return [Self.plain(words)] + scripts.flatMap { ShellText($0.text).allCommands }
        }.filter { !$0.isEmpty }
    }

    /// Without redirections and without what stands in front of a command's name.
    private static func plain(_ words: [Word]) -> [String] {
        var plain: [Word] = []
        var isTarget = false
        for word in words {
            if isTarget {
                isTarget = false
            } else if word.text == ">", !word.isQuoted {
                isTarget = true
            } else {
                plain.append(word)
            }
        }
        return plain.map(\.text).drop { ["sudo", "time", "if", "then", "while", "!"].contains($0) || $0.isAssignment }
            .map { $0 }
    }
}

extension String {
    /// "NAME=value", as it may stand in front of a command's name.
    fileprivate var isAssignment: Bool { wholeMatch(of: #/[A-Z_a-z]\w*=.*/#) != nil }
}
