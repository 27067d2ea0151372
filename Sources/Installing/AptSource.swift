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

    typealias Signer = AptEntry.Signer

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
    }

    /// How many entries a guest may have of use.
    static let limit = AptEntry.limit

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
}

/// Why an entry is not used.
private struct Unusable: Error {
    let reason: String
    init(_ reason: String) { self.reason = reason }
}

extension AptSource {
    /// Reads a file of sources.
    ///
    /// - Parameter file: its name, whose end tells the notation.
    /// - Throws: `badInput` where a file of paragraphs is none.
    static func read(_ text: String, file: String) throws -> Entries {
        var entries = Entries()
        for entry in try AptEntry.read(text, file: file) {
            do throws(Unusable) {
                let source = try AptSource(entry)
                if !entries.used.contains(source) { entries.used.append(source) }
            } catch {
                entries.skipped.append(Skipped(reason: "\(file): \(Names.printable(error.reason.prefix(200)))"))
            }
        }
        return entries
    }

    private init(_ read: Result<AptEntry, AptEntry.Unreadable>) throws(Unusable) {
        switch read {
        case .failure(let error): throw Unusable("an entry \(error.reason)")
        case .success(let entry):
            (uri, suite, components) = (entry.uri, entry.suite, entry.components)
            architectures = entry.architectures
            do {
                signedBy = try entry.signers()
            } catch {
                throw Unusable("Signed-By \(error.reason)")
            }
        }
        try check()
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
