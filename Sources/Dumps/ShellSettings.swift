import DevboxCore

/// Assignments in a file that a shell reads, such as those in /etc/default. Nothing is run: what only a shell could tell is said to be so.
public struct ShellSettings: Sendable {
    /// What a variable is set to.
    public enum Value: Sendable, Equatable {
        /// A text; empty where it is set to nothing.
        case text(String)
        /// A line that only a shell understands, as it stands there.
        case notUnderstood(String)
    }

    private let lines: [Substring]

    /// - Parameter text: the file.
    public init(_ text: String) { lines = text.split(whereSeparator: \.isNewline) }

    /// What the last line that concerns a variable makes of it; nil where none does.
    public func value(of name: String) -> Value? {
        for line in lines.reversed() {
            var rest = line.drop(while: Self.isSpace)
            guard rest.first != "#", let place = rest.firstRange(of: name) else { continue }
            let before = rest[..<place.lowerBound]
            // Another variable, whose name has this one in it, or a text that speaks of it behind a `#`.
            if let last = before.last, Self.isName(last) { continue }
            if let next = rest[place.upperBound...].first, Self.isName(next) { continue }
            if before.contains(" #") || before.contains("\t#") { continue }
            let lead = before.split(whereSeparator: Self.isSpace)
            rest = rest[place.upperBound...]
            guard lead.isEmpty || lead == ["export"], rest.first == "=", let text = Self.word(rest.dropFirst()) else {
                return .notUnderstood(String(line.drop(while: Self.isSpace)))
            }
            return .text(text)
        }
        return nil
    }

    /// The text of a variable; nil where it has none, or one that is not understood.
    public func text(of name: String) -> String? {
        if case .text(let text)? = value(of: name) { text } else { nil }
    }

    /// A shell word that is all of the line but for a comment; nil where there is more to it. See "Quoting" in sh(1).
    private static func word(_ line: Substring) -> String? {
        var (text, quote): (String, Character?) = ("", nil)
        var rest = line
        while let character = rest.popFirst() {
            if let open = quote {
                if character == open {
                    quote = nil
                } else if open == "\"", "$`\\".contains(character) {
                    return nil
                } else {
                    text.append(character)
                }
            } else if character == "'" || character == "\"" {
                quote = character
            } else if isSpace(character) || character == ";" {
                let end = rest.drop { isSpace($0) || $0 == ";" }
                return end.isEmpty || end.first == "#" ? text : nil
            } else if "$`\\&|<>()*?[~".contains(character) {
                return nil
            } else {
                text.append(character)
            }
        }
        return quote == nil ? text : nil
    }

    private static func isSpace(_ character: Character) -> Bool { character == " " || character == "\t" }

    private static func isName(_ character: Character) -> Bool {
        character == "_" || character.isASCII && (character.isLetter || character.isNumber)
    }
}
