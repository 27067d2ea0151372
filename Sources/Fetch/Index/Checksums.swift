import DevboxCore

/// Finds what digest a build's file must have.
struct Checksums {
    let context: SourceContext
    /// Whether a file counts that a list of digests beside it does not name.
    var allowsUnlisted = false

    /// A digest, and where it comes from; no digest where the source has none.
    struct Expected: Equatable, Sendable {
        var digest: ContentDigest?
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
    /// - Parameters:
    ///   - keyrings: where there are any, the digest must be signed with a key of theirs.
    ///   - root: where its source begins; nil where nothing above the file's folder counts.
    /// - Throws: `badInput` where there are digests, and what they say of the file cannot be understood.
    func expected(_ build: Build, keyrings: [Keyring], root: Address? = nil) throws -> Expected {
        switch build.checksum {
        case .known(let digest, let origin): return Expected(digest: digest, origin: origin, isSigned: true)
        case .beside(let files):
            let search = Search(build: build, files: files, keyrings: keyrings, context: context)
            return try keyrings.isEmpty ? plain(search, root) : signed(search)
        }
    }

    private func plain(_ search: Search, _ root: Address?) throws -> Expected {
        var silent: (place: Address, reason: String)?
        for function in ContentDigest.Function.allCases {
            try search.fetchAhead(function)
            for list in search.files.lists(function) {
                guard let (place, text) = try search.list(list) else { continue }
                if let digest = try search.listed(in: text, function, at: place) {
                    return Expected(digest: digest, origin: place.description)
                }
                silent = silent ?? (place, "does not list \(search.name)")
            }
            for name in search.files.own(function, of: search.name) {
                guard let text = try search.content(name) else { continue }
                let place = try search.folder.file(name)
                guard let digest = ChecksumText(text, of: function).digest(ofOnly: search.name) else {
                    throw FetchError.refused(
                        place, reason: "does not hold the \(function.words) digest of its file", hint: nil)
                }
                return Expected(digest: digest, origin: place.description)
            }
        }
        if let found = try search.elsewhere(below: root, &silent) { return found }
        guard let silent else { return Expected() }
        guard allowsUnlisted else {
            throw FetchError.refused(
                silent.place, reason: silent.reason,
                hint:
                    "the file is not used: it may be another one than was built; --allow-unlisted takes it all the same"
            )
        }
        return Expected(reason: "\(silent.place) \(silent.reason)")
    }

    private func signed(_ search: Search) throws -> Expected {
        var (isThere, silent): (Bool, Address?) = (false, nil)
        for function in ContentDigest.Function.allCases {
            try search.fetchAhead(function)
            for list in search.files.lists(function) {
                let text = try search.content(list)
                isThere = isThere || text != nil
                guard let (place, signed) = try search.signed(list, text) else { continue }
                if let digest = try search.listed(in: signed, function, at: place) {
                    return Expected(digest: digest, origin: place.description, isSigned: true)
                }
                silent = silent ?? place
            }
        }
        for list in search.files.others {
            let text = try search.content(list.name)
            isThere = isThere || text != nil
            guard let (place, signed) = try search.signed(list.name, text) else { continue }
            if case .digest(let digest) = try search.entry(in: signed, of: list, at: place) {
                return Expected(digest: digest, origin: place.description, isSigned: true)
            }
            silent = silent ?? place
        }
        if let silent {
            throw FetchError.unsigned(silent, reason: "does not list \(search.name)", hint: "the file is not used")
        }
        throw FetchError.unsigned(
            try search.folder.file(ContentDigest.Function.sha256.sums),
            reason: isThere
                ? "has no signature beside it (.gpg or .asc), but the source \(search.build.source) has a keyring"
                : "is not there, but the source \(search.build.source) has a keyring",
            hint: "the file is not used")
    }
}

/// Reads what lies beside a file.
struct Search {
    let build: Build
    let files: ChecksumFiles
    let keyrings: [Keyring]
    let context: SourceContext

    var name: String { build.address.name }
    var folder: Address { build.address.parent }

    /// All that may be wanted in one go.
    func fetchAhead(_ function: ContentDigest.Function) throws {
        let lists = files.lists(function)
        let rest = keyrings.isEmpty ? files.own(function, of: name) : lists.flatMap(files.signatures)
        let places = try (lists + rest).filter(files.mayHave).map { try folder.file($0) }
        _ = try context.reader.contents(of: places, limit: Checksums.limit)
    }

    /// The content of a file beside it; nil where there is none.
    ///
    /// - Throws: `badInput` where the index has it and the server does not: there are digests, and nobody knows them.
    func content(_ name: String) throws -> [UInt8]? {
        guard files.mayHave(name) else { return nil }
        let place = try folder.file(name)
        do {
            if let content = try context.reader.content(of: place, limit: Checksums.limit) { return content }
        } catch  where !files.areKnown && SourceReader.isMissing(error) {
            // A store of objects says so of what is not there. Where an index has it, it is there.
        }
        guard !files.areKnown else {
            throw FetchError.refused(
                place, reason: "is in the index, but is not there",
                hint: "nothing is used unchecked; the source may be in the middle of an update: try again later")
        }
        return nil
    }

    /// A list, or where there is none the text inside its signature.
    func list(_ name: String) throws -> (Address, [UInt8])? {
        if let text = try content(name) { return (try folder.file(name), text) }
        for name in files.signatures(of: name) where files.areKnown {
            if let text = try content(name), Self.isClearSigned(text) { return (try folder.file(name), text) }
        }
        return nil
    }

    private static func isClearSigned(_ text: [UInt8]) -> Bool {
        text.starts(with: "-----BEGIN PGP SIGNED MESSAGE".utf8)
    }

    /// What of a list is signed, and where that stands; nil where it has no signature.
    func signed(_ list: String, _ text: [UInt8]?) throws -> (Address, [UInt8])? {
        if let text, Self.isClearSigned(text) {
            let place = try folder.file(list)
            return (place, try context.signatures.text(of: text, at: place, keyrings: keyrings))
        }
        for name in files.signatures(of: list) {
            guard let signature = try content(name) else { continue }
            let place = try folder.file(name)
            if Self.isClearSigned(signature) {
                // What is signed inside it counts, and not what lies beside it.
                return (place, try context.signatures.text(of: signature, at: place, keyrings: keyrings))
            }
            guard let text else { continue }
            try context.signatures.check(signature, at: place, of: text, keyrings: keyrings)
            return (try folder.file(list), text)
        }
        return nil
    }

    /// What a list says of the file; nil where it does not name it.
    func listed(in text: [UInt8], _ function: ContentDigest.Function, at place: Address) throws -> ContentDigest? {
        switch ChecksumText(text, of: function).entry(of: build.address.parts) {
        case .digest(let digest): return digest
        case .none: return nil
        case .unreadable:
            throw FetchError.refused(
                place, reason: "names \(name), but with no \(function.words) digest", hint: "tell who runs the source")
        case .ambiguous:
            throw FetchError.refused(
                place, reason: "has several digests for files called \(name)", hint: "tell who runs the source")
        }
    }
}
