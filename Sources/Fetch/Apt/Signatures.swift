import DevboxCore
import FoundationEssentials
import HostTools
import Stores
import SystemPackage

/// A file of OpenPGP public keys, armoured or binary.
public struct Keyring: Sendable, Hashable {
    /// Its path on the host.
    public let path: FilePath
    /// Its keys, where the file holds more than them.
    private let embedded: [UInt8]?

    /// - Parameter path: its path on the host.
    public init(_ path: FilePath) { (self.path, embedded) = (path, nil) }

    /// - Parameters:
    ///   - path: the file that the keys stand in, among other things.
    ///   - keys: the keys, binary.
    init(_ path: FilePath, keys: [UInt8]) { (self.path, embedded) = (path, keys) }

    /// Its keys as gpgv reads them: binary.
    func keys() throws -> [UInt8] {
        if let embedded { return embedded }
        let bytes = try Files.read(path, limit: 16 << 20)
        return try Self.withoutArmour(bytes, name: path.string)
    }

    /// ASCII armour undone, see RFC 9580, section 6; binary keys as they are.
    static func withoutArmour(_ bytes: [UInt8], name: String) throws -> [UInt8] {
        guard bytes.starts(with: "-----BEGIN PGP".utf8) else { return bytes }
        var result: [UInt8] = []
        var base64: String?
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n", omittingEmptySubsequences: false) {
            let line = line.hasSuffix("\r") ? line.dropLast() : line
            if line.hasPrefix("-----BEGIN") {
                base64 = nil
            } else if line.hasPrefix("-----END") || line.hasPrefix("=") {
                guard let text = base64 else { continue }
                guard let data = Data(base64Encoded: text) else {
                    throw Failure(.badInput, "the keyring \(name) cannot be read")
                }
                result += data
                base64 = nil
            } else if line.isEmpty, base64 == nil {
                // The headers end with an empty line.
                base64 = ""
            } else {
                base64? += line
            }
        }
        return result
    }
}

/// Checks signatures with gpgv and the keys of a source.
struct Signatures {
    let work: WorkDirectory
    let runner: Runner

    /// The text inside a clear-signed file (InRelease).
    ///
    /// - Parameter signers: fingerprints of the keys that count; empty for all of the keyrings.
    /// - Throws: `FetchError.unsigned`, naming the key.
    func text(of signed: [UInt8], at address: Address, keyrings: [Keyring], signers: [String] = []) throws -> [UInt8] {
        try withFolder { folder in
            let file = folder.appending("signed")
            let output = folder.appending("text")
            try Files.writeAtomically(signed, to: file)
            let ring = try ring(keyrings, in: folder)
            let verdict = try runner.attempt(
                Gpgv.clearSigned(file, output: output, keyrings: [ring]), limit: .seconds(60))
            _ = try SignatureVerdict(verdict.text, signers: signers).check(address, keyrings)
            return try Files.read(output, limit: 64 << 20)
        }
    }

    /// Throws unless a signature of its own fits a file.
    ///
    /// - Parameter signers: fingerprints of the keys that count; empty for all of the keyrings.
    func check(
        _ signature: [UInt8], at address: Address, of content: [UInt8], keyrings: [Keyring], signers: [String] = []
    ) throws {
        try withFolder { folder in
            let (file, signed) = (folder.appending("text"), folder.appending("signature"))
            try Files.writeAtomically(content, to: file)
            try Files.writeAtomically(try Keyring.withoutArmour(signature, name: address.description), to: signed)
            let ring = try ring(keyrings, in: folder)
            let verdict = try runner.attempt(Gpgv.detached(signed, of: file, keyrings: [ring]), limit: .seconds(60))
            _ = try SignatureVerdict(verdict.text, signers: signers).check(address, keyrings)
        }
    }

    /// All keys in one binary file: gpgv reads no armour, and only so many files.
    private func ring(_ keyrings: [Keyring], in folder: FilePath) throws -> FilePath {
        let path = folder.appending("keys")
        try Files.writeAtomically(try keyrings.flatMap { try $0.keys() }, to: path)
        return path
    }

    private func withFolder<T>(_ body: (FilePath) throws -> T) throws -> T {
        let folder = try UnfinishedFolder.scratch("verify", in: work)
        defer { withExtendedLifetime(folder.path) {} }
        return try body(folder.path)
    }
}

/// What gpgv said in its status lines, see doc/DETAILS of GnuPG.
struct SignatureVerdict {
    /// The fingerprint of the key that a signature counts of.
    private(set) var goodKey: String?
    private var complaint = "has no signature"

    /// - Parameters:
    ///   - status: the lines.
    ///   - signers: fingerprints of the keys that count, which may have a "!" behind them as in sources.list(5); empty for all.
    init(_ status: String, signers: [String] = []) {
        var isGood = false
        var isBad = false
        for line in status.split(separator: "\n") where line.hasPrefix("[GNUPG:] ") {
            let words = line.dropFirst("[GNUPG:] ".count).split(separator: " ").map(String.init)
            let key = words.count > 1 ? words[1] : "?"
            let owner = words.count > 2 ? " (\(words.dropFirst(2).joined(separator: " ")))" : ""
            switch words.first {
            case "NEWSIG": isGood = false
            case "GOODSIG": isGood = true
            case "VALIDSIG" where isGood:
                // The last word is the key that this one belongs to.
                if signers.isEmpty || !Set(signers).isDisjoint(with: [key, "\(key)!", words.last ?? key]) {
                    goodKey = key
                } else {
                    complaint = "is signed with the key \(key), which is not one of those that the source names"
                }
            case "BADSIG":
                (isBad, complaint) = (
                    true, "has a bad signature of the key \(key)\(owner): it was changed after it was signed"
                )
            case "EXPKEYSIG": complaint = "is signed with the key \(key)\(owner), which has expired"
            case "EXPSIG": complaint = "has a signature of the key \(key)\(owner) that has expired"
            case "REVKEYSIG": complaint = "is signed with the key \(key)\(owner), which was revoked"
            // "ERRSIG keyid algorithm hash class time reason": 9 is a missing key, which NO_PUBKEY tells next.
            case "ERRSIG" where words.last != "9" && words.dropFirst(6).first != "9":
                complaint = "has a signature of the key \(key) that cannot be checked"
            case "NO_PUBKEY": complaint = "is signed with the key \(key), which is not in the keyring"
            default: break
            }
        }
        if isBad { goodKey = nil }
    }

    /// The key's fingerprint.
    func check(_ address: Address, _ keyrings: [Keyring]) throws -> String {
        guard let goodKey else {
            let names = keyrings.map(\.path.string).joined(separator: ", ")
            throw FetchError.unsigned(
                address, reason: complaint, hint: "it is not used; the keys that count are in \(names)")
        }
        return goodKey
    }
}
