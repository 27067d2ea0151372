import DevboxCore

/// An entry of apt's sources: an archive of binary packages, and a suite of it, as they stand there. See sources.list(5).
public struct AptEntry: Sendable, Equatable {
    /// Where the archive is.
    public var uri: String
    /// The release, or a path with a slash at its end for a flat archive.
    public var suite: String
    /// The release's parts; none for a flat archive.
    public var components: [String] = []
    /// The architectures it is limited to; empty for the machine's own.
    public var architectures: [String] = []
    /// What Signed-By says; nil for nothing.
    public var signedBy: String?

    /// Why an entry, or what it says of its keys, cannot be read.
    public struct Unreadable: Error, Equatable {
        /// It goes on where what cannot be read was named: "has options without an end".
        public let reason: String
    }

    /// How many entries of a file are read: that it is small is no limit, for its addresses and suites go each with each.
    public static let limit = 500

    /// Reads a file of entries. Those of source packages, and those that are switched off, are left out.
    ///
    /// - Parameters:
    ///   - text: what is in it.
    ///   - file: its name, whose end tells the notation: .list or .sources.
    /// - Returns: the entries in order, or why one cannot be read in its place.
    /// - Throws: `badInput` where a file of paragraphs is none.
    public static func read(_ text: String, file: String) throws -> [Result<AptEntry, Unreadable>] {
        file.hasSuffix(".sources") ? try paragraphs(text, file: file) : lines(text)
    }

    /// The same with the name of an architecture where "$(ARCH)" stands.
    public func of(_ architecture: String) -> AptEntry {
        var entry = self
        entry.uri = uri.replacing("$(ARCH)", with: architecture)
        entry.suite = suite.replacing("$(ARCH)", with: architecture)
        return entry
    }
}

/// The notation of one line for each.
extension AptEntry {
    private static func lines(_ text: String) -> [Result<AptEntry, Unreadable>] {
        var entries: [Result<AptEntry, Unreadable>] = []
        for line in text.split(whereSeparator: \.isNewline) where entries.count < limit {
            let line = line.prefix { $0 != "#" }.drop(while: \.isWhitespace)
            let kind = line.prefix { !$0.isWhitespace && $0 != "[" }
            if kind == "deb" { entries.append(Result { () throws(Unreadable) in try entry(line[kind.endIndex...]) }) }
        }
        return entries
    }

    /// - Parameter text: what follows "deb".
    private static func entry(_ text: Substring) throws(Unreadable) -> AptEntry {
        var rest = text.drop(while: \.isWhitespace)
        var options: [Substring] = []
        if rest.first == "[" {
            guard let end = rest.firstIndex(of: "]") else { throw Unreadable(reason: "has options without an end") }
            options = rest[..<end].dropFirst().split(whereSeparator: \.isWhitespace)
            rest = rest[end...].dropFirst()
        }
        let words = rest.split(whereSeparator: \.isWhitespace).map(String.init)
        guard words.count >= 2 else { throw Unreadable(reason: "has no address, or no suite") }
        var entry = AptEntry(uri: words[0], suite: words[1], components: Array(words.dropFirst(2)))
        for option in options {
            guard let equals = option.firstIndex(of: "=") else { continue }
            let value = option[equals...].dropFirst()
            switch option[..<equals].lowercased() {
            case "arch": entry.architectures = value.split(separator: ",").map(String.init)
            case "signed-by": entry.signedBy = String(value)
            default: break
            }
        }
        return entry
    }
}

/// The notation of deb822(5).
extension AptEntry {
    private static func paragraphs(_ text: String, file: String) throws -> [Result<AptEntry, Unreadable>] {
        // Comments may stand between the lines of a field too; ControlReader knows none.
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
            .filter { !$0.hasPrefix("#") }
        var entries: [Result<AptEntry, Unreadable>] = []
        for stanza in try ControlReader.stanzas(of: Array(lines.joined(separator: "\n").utf8), name: file) {
            func words(_ field: String) -> [String] {
                (stanza[field] ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
            }
            let isOff = ["no", "false", "without", "off", "disable", "0"].contains(words("Enabled").first?.lowercased())
            guard words("Types").contains("deb"), !isOff else { continue }
            let (suites, components, architectures) = (words("Suites"), words("Components"), words("Architectures"))
            for uri in words("URIs") where entries.count < limit {
                for suite in suites where entries.count < limit {
                    entries.append(
                        .success(
                            AptEntry(
                                uri: uri, suite: suite, components: components, architectures: architectures,
                                signedBy: stanza["Signed-By"])))
                }
            }
        }
        return entries
    }
}

extension AptEntry {
    /// Whose signature counts.
    public enum Signer: Sendable, Equatable {
        /// A keyring, by its path.
        case keyring(String)
        /// A key, by its fingerprint; with "!" behind it this very key, without those that belong to it.
        case fingerprint(String)
        /// Keys that stand in the entry itself, armoured.
        case key(String)
    }

    /// Whose signatures count, out of Signed-By; nobody's for all that apt trusts.
    ///
    /// - Throws: `Unreadable`, whose reason goes on behind "Signed-By".
    public func signers() throws(Unreadable) -> [Signer] {
        guard let signedBy else { return [] }
        if signedBy.contains("-----BEGIN") { return [.key(try Self.key(signedBy))] }
        let words = signedBy.split { $0.isWhitespace || $0 == "," }.map(String.init)
        guard !words.isEmpty else { throw Unreadable(reason: "says nothing") }
        var signers: [Signer] = []
        for word in words { signers.append(try Self.signer(word)) }
        return signers
    }

    private static func signer(_ word: String) throws(Unreadable) -> Signer {
        if word.hasPrefix("/") { return .keyring(word) }
        let digits = word.hasSuffix("!") ? word.dropLast() : word[...]
        guard [40, 64].contains(digits.utf8.count), digits.allSatisfy({ $0.isASCII && $0.isHexDigit }) else {
            throw Unreadable(reason: "has '\(Names.printable(word))', which is neither a keyring nor a fingerprint")
        }
        return .fingerprint(word)
    }

    /// How large a block of keys may be: each entry of a file has it.
    private static let keyLimit = 128 << 10

    /// A block of keys, in which "." stands for an empty line, and beside which nothing stands.
    private static func key(_ text: String) throws(Unreadable) -> String {
        var lines = text.split(whereSeparator: \.isNewline).map { line in
            String(line.drop(while: \.isWhitespace).prefix { !$0.isWhitespace || $0 == " " })
        }
        lines = lines.map { $0 == "." ? "" : $0 }
        while lines.first?.isEmpty == true { lines.removeFirst() }
        while lines.last?.isEmpty == true { lines.removeLast() }
        guard lines.first == "-----BEGIN PGP PUBLIC KEY BLOCK-----",
            lines.last == "-----END PGP PUBLIC KEY BLOCK-----", text.utf8.count <= keyLimit,
            text.utf8.allSatisfy({ $0 < 0x7F })
        else { throw Unreadable(reason: "has a block of keys that cannot be read") }
        return lines.joined(separator: "\n") + "\n"
    }
}
