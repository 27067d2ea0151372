import Dumps

/// Edits of the configuration files that kdump-tools and GRUB read. What is not concerned stays as it is.
enum ConfigText {
    /// A file of shell assignments, as in /etc/default, with one of them set: in place of the active one, else at the end.
    static func assigning(_ name: String, _ value: String, in text: String) -> String {
        var lines = self.lines(text)
        let line = "\(name)=\(value)"
        if let index = lines.lastIndex(where: { isAssignment(of: name, $0) }) {
            lines[index] = line
        } else {
            lines.append(line)
        }
        let done = joined(lines)
        // A line that only a shell understands may come after it, and win.
        switch ShellSettings(done).value(of: name) {
        case .text(let found)? where found == unquoted(value[...]): return done
        case .notUnderstood(let found)? where found == line: return done
        default: return joined(lines + [line])
        }
    }

    /// The value of the last active assignment, without quotes; nil where there is none.
    static func value(of name: String, in text: String) -> String? {
        guard let line = lines(text).last(where: { isAssignment(of: name, $0) }), let mark = line.firstIndex(of: "=")
        else { return nil }
        return unquoted(line[line.index(after: mark)...])
    }

    /// The value that a commented assignment shows as the default; nil where there is none.
    static func commentedValue(of name: String, in text: String) -> String? {
        for line in lines(text) where line.hasPrefix("#") {
            let rest = line.drop { $0 == "#" || $0 == " " }
            guard rest.hasPrefix("\(name)=") else { continue }
            return unquoted(rest.dropFirst(name.count + 1))
        }
        return nil
    }

    /// grub.cfg with a kernel argument in place of those of its name, for every Linux kernel that the menu starts.
    static func grub(_ text: String, setting argument: String) -> String {
        let name = argument.prefix { $0 != "=" } + "="
        let changed = text.split(separator: "\n", omittingEmptySubsequences: false).map { line -> String in
            let indentation = line.prefix { $0 == " " || $0 == "\t" }
            let words = line.split { $0 == " " || $0 == "\t" }
            guard let command = words.first, ["linux", "linux16", "linuxefi"].contains(command), words.count > 1 else {
                return String(line)
            }
            let kept = words.filter { !$0.hasPrefix(name) }
            return indentation + (kept + [argument[...]]).joined(separator: " ")
        }
        return changed.joined(separator: "\n")
    }

    private static func isAssignment(of name: String, _ line: Substring) -> Bool { line.hasPrefix("\(name)=") }

    private static func isAssignment(of name: String, _ line: String) -> Bool { isAssignment(of: name, line[...]) }

    private static func unquoted(_ text: Substring) -> String {
        if let quote = text.first, quote == "\"" || quote == "'" {
            return String(text.dropFirst().prefix { $0 != quote })
        }
        return String(text.prefix { !$0.isWhitespace })
    }

    private static func lines(_ text: String) -> [String] {
        var lines = text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init)
        if lines.last == "" { lines.removeLast() }
        return lines
    }

    private static func joined(_ lines: [String]) -> String { lines.joined(separator: "\n") + "\n" }
}
