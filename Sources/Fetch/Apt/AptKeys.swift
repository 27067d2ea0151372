import DevboxCore
import Packages
import SystemPackage

/// The keys that count for a source of the machine.
struct AptKeys {
    let keyrings: [Keyring]
    /// Fingerprints of those that count; empty for all that are in the keyrings.
    let signers: [String]

    /// - Parameters:
    ///   - entry: the source.
    ///   - list: the file that it stands in.
    ///   - trusted: the keyrings that apt trusts; they count where the source names none.
    /// - Throws: a `Failure` whose message goes on behind "its Signed-By".
    init(_ entry: AptEntry, in list: FilePath, trusted: () throws -> [Keyring]) throws {
        var (named, signers): ([Keyring], [String]) = ([], [])
        for signer in try Self.signers(entry) {
            switch signer {
            case .keyring(let path): named.append(try Self.readable(path))
            case .fingerprint(let text): signers.append(text.uppercased())
            case .key(let text): named.append(try Self.embedded(text, in: list))
            }
        }
        keyrings = named.isEmpty ? try trusted() : named
        self.signers = signers
        guard !keyrings.isEmpty else { throw Failure(.missing, "names no keyring, and apt trusts no key") }
    }

    private static func signers(_ entry: AptEntry) throws -> [AptEntry.Signer] {
        do {
            return try entry.signers()
        } catch {
            throw Failure(.missing, error.reason)
        }
    }

    /// Keys that stand in the file itself.
    private static func embedded(_ armour: String, in list: FilePath) throws -> Keyring {
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
}
