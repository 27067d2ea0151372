import DevboxCore
import Packages

/// A package archive that a guest's apt sources name, as far as devbox asks it on the guest's behalf. See sources.list(5).
///
/// What a guest says is not taken as it stands: only http and https, only binary packages, and of the options only those that
/// cannot make apt trust more than it would without them.
struct AptSource: Sendable, Equatable {
    /// Where it is: http or https.
    var uri: String
    /// The release, or a path with a slash at its end for a flat archive.
    var suite: String
    /// The release's parts; none for a flat archive.
    var components: [String]
    /// The architectures it is limited to; empty for the guest's.
    var architectures: [String] = []
    /// What its signature must be of; empty for all of the guest's trusted keys.
    var signedBy: [Signer] = []

    /// Whose signature counts.
    enum Signer: Sendable, Equatable {
        /// A keyring, by its path in the guest.
        case keyring(String)
        /// A key, by its fingerprint.
        case fingerprint(String)
        /// A key that stands in the source itself, armoured.
        case key(String)
    }

    /// Why an entry is not used.
    struct Skipped: Sendable, Equatable {
        /// Safe to print.
        let reason: String
    }

    /// What a file says: the entries that are used, and why others are not.
    struct Entries {
        /// In order, none twice.
        fileprivate(set) var used: [AptSource] = []
        /// Each with its reason.
        fileprivate(set) var skipped: [Skipped] = []
        /// How many have been looked at.
        fileprivate var count = 0
        /// Whether no more are looked at: that a file is small is no limit, for its addresses and suites go each with each.
        fileprivate var isFull: Bool { count >= AptSource.limit }
    }

    /// How many entries a file may have, and a guest may have of use.
    static let limit = 500

    /// Throws what makes the entry one that is not used.
    private func check() throws(Unusable) {
        let address = uri.lowercased()
        guard let scheme = ["http://", "https://"].first(where: address.hasPrefix) else {
            throw Unusable("\(uri.prefix { $0 != "/" }) is neither http nor https")
        }
        let rest = uri.dropFirst(scheme.count)
        guard let first = rest.first, first != "/", AptText.isAddress(rest) else {
            throw Unusable("\(uri) is no address")
        }
        guard AptText.isPath(suite) else { throw Unusable("\(suite) is no suite") }
        guard suite.hasSuffix("/") == components.isEmpty else { throw Unusable("\(suite) has the wrong components") }
        for component in components where !AptText.isPath(component) { throw Unusable("\(component) is no component") }
        for name in architectures where !AptText.isArchitecture(name) { throw Unusable("\(name) is no architecture") }
    }

    /// Adds an entry to those that are used, or says why not.
    fileprivate func sort(into entries: inout Entries, of file: String) {
        entries.count += 1
        do throws(Unusable) {
            try check()
            if !entries.used.contains(self) { entries.used.append(self) }
        } catch {
            error.note(in: &entries, of: file)
        }
    }
}

/// Why an entry is not used.
private struct Unusable: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }

    func note(in entries: inout AptSource.Entries, of file: String) {
        guard entries.skipped.count < AptSource.limit else { return }
        entries.skipped.append(.init(reason: "\(file): \(Names.printable(reason.prefix(200)))"))
    }
}

extension AptSource {
    /// Reads a file in the one-line format.
    ///
    /// - Parameter file: what messages call it.
    static func read(list text: String, file: String) -> Entries {
        var entries = Entries()
        for line in text.split(whereSeparator: \.isNewline) {
            var rest = line.prefix { $0 != "#" }[...]
            let kind = AptText.word(&rest)
            if kind != "deb" || entries.isFull { continue }
            do throws(Unusable) {
                let options = try options(&rest)
                let words = rest.split(whereSeparator: \.isWhitespace).map(String.init)
                guard words.count >= 2 else { throw Unusable("an entry without address or suite") }
                AptSource(
                    uri: words[0], suite: words[1], components: Array(words.dropFirst(2)),
                    architectures: options.architectures, signedBy: options.signedBy
                ).sort(into: &entries, of: file)
            } catch {
                error.note(in: &entries, of: file)
            }
        }
        return entries
    }

    /// The options that stand between brackets: `arch` and `signed-by`; others are dropped.
    private static func options(_ rest: inout Substring) throws(Unusable) -> (
        architectures: [String], signedBy: [Signer]
    ) {
        rest = rest.drop(while: \.isWhitespace)
        guard rest.first == "[" else { return ([], []) }
        guard let end = rest.firstIndex(of: "]") else { throw Unusable("options without an end") }
        let inner = rest[rest.index(after: rest.startIndex)..<end]
        rest = rest[rest.index(after: end)...]
        var result: (architectures: [String], signedBy: [Signer]) = ([], [])
        for option in inner.split(whereSeparator: \.isWhitespace) {
            guard let equals = option.firstIndex(of: "=") else { continue }
            let values = option[option.index(after: equals)...].split(separator: ",").map(String.init)
            switch option[..<equals].lowercased() {
            case "arch": result.architectures = values
            case "signed-by": result.signedBy = try signers(values)
            default: break
            }
        }
        return result
    }

    /// Reads a file in the format of deb822(5).
    ///
    /// - Parameter file: what messages call it.
    /// - Throws: `badInput` where it is none.
    static func read(deb822 text: String, file: String) throws -> Entries {
        // Comments may stand between the lines of a field too; ControlReader knows none.
        let lines = text.split(omittingEmptySubsequences: false) { $0 == "\n" || $0 == "\r\n" }
            .filter { !$0.hasPrefix("#") }
        var entries = Entries()
        for stanza in try ControlReader.stanzas(of: Array(lines.joined(separator: "\n").utf8), name: file) {
            func words(_ field: String) -> [String] {
                (stanza[field] ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
            }
            let isOff = ["no", "false", "without", "off", "disable", "0"].contains(words("Enabled").first?.lowercased())
            guard words("Types").contains("deb"), !isOff, !entries.isFull else { continue }
            do throws(Unusable) {
                let signedBy = try signers(of: stanza)
                let (suites, components, architectures) = (words("Suites"), words("Components"), words("Architectures"))
                for uri in words("URIs") where !entries.isFull {
                    for suite in suites where !entries.isFull {
                        AptSource(
                            uri: uri, suite: suite, components: components, architectures: architectures,
                            signedBy: signedBy
                        ).sort(into: &entries, of: file)
                    }
                }
            } catch {
                error.note(in: &entries, of: file)
            }
        }
        return entries
    }

    private static func signers(of stanza: ControlStanza) throws(Unusable) -> [Signer] {
        guard let text = stanza["Signed-By"] else { return [] }
        if text.contains("-----BEGIN") {
            var lines = text.split(whereSeparator: \.isNewline).map { line in
                String(line.drop(while: \.isWhitespace).prefix { !$0.isWhitespace || $0 == " " })
            }
            if lines.first?.isEmpty == true { lines.removeFirst() }
            lines = lines.map { $0 == "." ? "" : $0 }
            guard lines.first == "-----BEGIN PGP PUBLIC KEY BLOCK-----",
                lines.last == "-----END PGP PUBLIC KEY BLOCK-----", text.utf8.allSatisfy({ $0 < 0x7F })
            else { throw Unusable("Signed-By holds no key") }
            return [.key(lines.joined(separator: "\n") + "\n")]
        }
        return try signers(text.split { $0.isWhitespace || $0 == "," }.map(String.init))
    }

    private static func signers(_ values: [String]) throws(Unusable) -> [Signer] {
        var result: [Signer] = []
        for value in values {
            if value.hasPrefix("/") {
                result.append(.keyring(value))
            } else {
                // An exclamation mark says that no subkey will do.
                let digits = value.hasSuffix("!") ? value.dropLast() : value[...]
                guard [40, 64].contains(digits.utf8.count), digits.utf8.allSatisfy({ AptText.isHexDigit($0) }) else {
                    throw Unusable("signed-by: \(value) is neither a keyring nor a fingerprint")
                }
                result.append(.fingerprint(value))
            }
        }
        guard !result.isEmpty else { throw Unusable("signed-by without a value") }
        return result
    }

    /// The entry as a paragraph of deb822(5).
    ///
    /// - Parameter keyring: where the copy of a signer's key is; nil where there is none.
    /// - Returns: nil for an entry of which a key is not there: without it more would be trusted than the guest does.
    func paragraph(keyring: (Signer) -> String?) -> String? {
        var lines = ["Types: deb", "URIs: \(uri)", "Suites: \(suite)"]
        if !components.isEmpty { lines.append("Components: \(components.joined(separator: " "))") }
        if !architectures.isEmpty { lines.append("Architectures: \(architectures.joined(separator: " "))") }
        if !signedBy.isEmpty {
            let signers = signedBy.compactMap { signer in
                if case .fingerprint(let text) = signer { text } else { keyring(signer) }
            }
            guard signers.count == signedBy.count else { return nil }
            lines.append("Signed-By: \(signers.joined(separator: " "))")
        }
        return lines.joined(separator: "\n") + "\n"
    }
}

/// What words of a sources file may be made of.
enum AptText {
    /// Takes the first word away.
    static func word(_ text: inout Substring) -> Substring {
        text = text.drop(while: \.isWhitespace)
        let word = text.prefix { !$0.isWhitespace }
        text = text[word.endIndex...]
        return word
    }

    /// Of an address, what follows "http://".
    static func isAddress(_ text: some StringProtocol) -> Bool {
        text.utf8.count <= 1024
            && text.utf8.allSatisfy { isAlphanumeric($0) || "-._~:/?@!&*+;=%$()[]".utf8.contains($0) }
    }

    /// A suite, or a component: nothing that could be an option, or lead upwards.
    static func isPath(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 255, first != UInt8(ascii: "-"),
            first != UInt8(ascii: "/")
        else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || "-._~/+:$()".utf8.contains($0) }
            && !text.split(separator: "/").contains("..")
    }

    static func isArchitecture(_ text: String) -> Bool {
        guard let first = text.utf8.first, isAlphanumeric(first) else { return false }
        return text.utf8.count <= 64 && text.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    /// A name of a file of apt's: of a source, a keyring, or a package that was fetched.
    static func isFileName(_ text: String) -> Bool {
        guard let first = text.utf8.first, isAlphanumeric(first), text.utf8.count <= 200 else { return false }
        return text.utf8.allSatisfy { isAlphanumeric($0) || "-._+%~@".utf8.contains($0) }
    }

    static func isHexDigit(_ byte: UInt8) -> Bool {
        isAlphanumeric(byte) && UnicodeScalar(byte).properties.isHexDigit
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
