import DevboxCore

/// Finds what digest a build's file must have.
struct Checksums {
    let context: SourceContext

    /// A digest, and where it comes from; no digest where the source has none.
    struct Expected: Equatable, Sendable {
        var digest: SHA256Digest?
        var origin: String?
        /// Why there is none.
        var reason = "the source has no checksums"
        /// Whether a signature stands behind it.
        var isSigned = false
    }

    /// How large a file of digests may be.
    static let limit = 16 << 20

    /// What the digest of a build's file must be.
    ///
    /// - Parameter keyrings: where there are any, the digest must be signed with a key of theirs.
    func expected(_ build: Build, keyrings: [Keyring]) throws -> Expected {
        let files: ChecksumFiles
        switch build.checksum {
        case .known(let digest, let origin): return Expected(digest: digest, origin: origin, isSigned: true)
        case .beside(let found): files = found
        }
        let folder = build.address.parent
        let sums = try folder.file("SHA256SUMS")
        let names = files.sums == nil ? ["SHA256SUMS.gpg", "SHA256SUMS.asc"] : [files.signature].compactMap { $0 }
        let signatures = try keyrings.isEmpty ? [] : names.map { try folder.file($0) }
        let place = try folder.file("\(build.address.name).sha256")
        // All that may be there in one go.
        let wanted =
            (files.sums == false ? [] : [sums]) + signatures + (files.own == false || !keyrings.isEmpty ? [] : [place])
        _ = try context.reader.contents(of: wanted, limit: Self.limit)

        let text = files.sums == false ? nil : try context.reader.content(of: sums, limit: Self.limit)
        if !keyrings.isEmpty { return try signed(build, sums, text, signatures, keyrings) }
        if let text, let digest = try listed(build.address.name, in: text, of: sums) {
            return Expected(digest: digest, origin: sums.description)
        }
        guard files.own != false, let own = try context.reader.content(of: place, limit: Self.limit) else {
            return text == nil ? Expected() : Expected(reason: "\(sums) does not list \(build.address.name)")
        }
        guard let digest = ChecksumText.digest(ofOnly: build.address.name, in: own) else {
            throw FetchError.refused(place, reason: "does not hold the SHA-256 digest of its file", hint: nil)
        }
        return Expected(digest: digest, origin: place.description)
    }

    private func listed(_ name: String, in text: [UInt8], of sums: Address) throws -> SHA256Digest? {
        switch ChecksumText.entry(of: name, in: text) {
        case .digest(let digest): return digest
        case .none: return nil
        case .unreadable:
            throw FetchError.refused(
                sums, reason: "names \(name), but with no SHA-256 digest", hint: "tell who runs the source")
        }
    }

    private func signed(
        _ build: Build, _ sums: Address, _ text: [UInt8]?, _ signatures: [Address], _ keyrings: [Keyring]
    ) throws -> Expected {
        for address in signatures {
            guard let signature = try context.reader.content(of: address, limit: Self.limit) else { continue }
            let (place, signed): (Address, [UInt8])
            if signature.starts(with: "-----BEGIN PGP SIGNED MESSAGE".utf8) {
                // What is signed inside it counts, and not what lies beside it.
                (place, signed) = (
                    address, try context.signatures.text(of: signature, at: address, keyrings: keyrings)
                )
            } else {
                guard let text else { continue }
                try context.signatures.check(signature, at: address, of: text, keyrings: keyrings)
                (place, signed) = (sums, text)
            }
            guard let digest = try listed(build.address.name, in: signed, of: place) else {
                throw FetchError.unsigned(
                    place, reason: "does not list \(build.address.name)", hint: "the file is not used")
            }
            return Expected(digest: digest, origin: place.description, isSigned: true)
        }
        throw FetchError.unsigned(
            sums,
            reason: text == nil
                ? "is not there, but the source \(build.source) has a keyring"
                : "has no signature beside it (.gpg or .asc), but the source \(build.source) has a keyring",
            hint: "the file is not used")
    }
}
