import DevboxCore
import SystemPackage

/// The keys that count for a source of the machine, out of its Signed-By; see sources.list(5).
struct AptKeys {
    let keyrings: [Keyring]
    /// Fingerprints of those that count; empty for all that are in the keyrings.
    let signers: [String]

    private static let block = "-----BEGIN PGP PUBLIC KEY BLOCK-----"

    /// - Parameters:
    ///   - signedBy: keyrings and fingerprints, or a block of keys; nothing for all that apt trusts.
    ///   - list: the file that says so.
    ///   - trusted: the keyrings that apt trusts.
    /// - Throws: a `Failure` whose message goes on behind "its Signed-By".
    init(_ signedBy: String, in list: FilePath, trusted: () throws -> [Keyring]) throws {
        if signedBy.contains(Self.block) {
            (keyrings, signers) = ([try Self.embedded(signedBy, in: list)], [])
            return
        }
        var (named, signers): ([Keyring], [String]) = ([], [])
        for word in signedBy.split(whereSeparator: { $0 == "," || $0.isWhitespace }).map(String.init) {
            if word.hasPrefix("/") {
                named.append(try Self.readable(word))
            } else {
                signers.append(try Self.fingerprint(word))
            }
        }
        keyrings = named.isEmpty ? try trusted() : named
        self.signers = signers
        guard !keyrings.isEmpty else { throw Failure(.missing, "names no keyring, and apt trusts no key") }
    }

    /// A block of keys that stands in the file itself, where "." stands for an empty line.
    private static func embedded(_ text: String, in list: FilePath) throws -> Keyring {
        let lines = text.split(separator: "\n").map { line in
            let words = line.split(whereSeparator: \.isWhitespace).joined(separator: " ")
            return words == "." ? "" : words
        }
        let armour = lines.drop { !$0.hasPrefix(block) }.joined(separator: "\n")
        let keys = try? Keyring.withoutArmour(Array(armour.utf8), name: list.string)
        guard let keys, !keys.isEmpty else { throw Failure(.missing, "has a block of keys that cannot be read") }
        return Keyring(list, keys: keys)
    }

    private static func readable(_ path: String) throws -> Keyring {
        let keyring = Keyring(FilePath(path))
        do {
            if try !keyring.keys().isEmpty { return keyring }
        } catch let error as any ReportableError where error.exitCode != .interrupted {
            throw Failure(.missing, "names a keyring that cannot be used: \(error.message)")
        }
        throw Failure(.missing, "names the keyring \(Names.printable(path)), which is empty")
    }

    /// "…!" for this very key, without those that belong to it.
    private static func fingerprint(_ word: String) throws -> String {
        let digits = word.hasSuffix("!") ? word.dropLast() : word[...]
        guard [40, 64].contains(digits.utf8.count), digits.utf8.allSatisfy({ Character(Unicode.Scalar($0)).isHexDigit })
        else {
            throw Failure(.missing, "has '\(Names.printable(word))', which is neither a keyring nor a fingerprint")
        }
        return word.uppercased()
    }
}
