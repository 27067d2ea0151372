import DevboxCore

extension Search {
    /// What lists by other names than usual say of the file, and those of the folder above.
    ///
    /// - Parameters:
    ///   - root: where the source begins: nothing above that is looked at.
    ///   - silent: is set to a list that says nothing of the file, though it should.
    func elsewhere(below root: Address?, _ silent: inout (place: Address, reason: String)?) throws -> Checksums
        .Expected?
    {
        let places = try files.others.map { try folder.file($0.name) }
        _ = try context.reader.contents(of: places.filter { files.mayHave($0.name) }, limit: Checksums.limit)
        for other in files.others {
            guard let (place, text) = try list(other.name) else { continue }
            switch try entry(in: text, of: other, at: place) {
            case .digest(let digest): return Checksums.Expected(digest: digest, origin: place.description)
            case .none where !other.isBinding: break
            case .none: silent = silent ?? (place, "does not list \(name)")
            default: silent = silent ?? (place, "names \(name), but with no SHA-256 and no SHA-512 digest")
            }
        }
        return try above(root, &silent)
    }

    /// What a list of whatever name says of the file.
    ///
    /// - Throws: `badInput` where it has several digests of it.
    func entry(in text: [UInt8], of list: ChecksumLists.List, at place: Address) throws -> ChecksumText.Entry {
        var result: ChecksumText.Entry = .none
        for function in list.functions {
            let content = ChecksumText(text, of: function)
            var entry = content.entry(of: build.address.parts)
            if [.none, .unreadable].contains(entry) {
                let loose = content.looseEntry(of: name)
                if loose != .none { entry = loose }
            }
            // "ltp-1-amd64.sha256" may have nothing but the digest of "ltp-1-amd64.tar.xz" in it.
            let isOwn = [name, PackageFormat.of(name)?.stem].contains(list.subject)
            if entry == .none, isOwn, let digest = content.digest(ofOnly: name) { entry = .digest(digest) }
            switch entry {
            case .digest: return entry
            case .ambiguous: throw ambiguous(place)
            case .unreadable: result = .unreadable
            case .none: break
            }
        }
        return result
    }

    /// What the lists of the folder above say of the file by its path, "amd64/FILE". A list that names others of this folder and not this
    /// one says nothing of it, though it should; one that names nothing of this folder is of other files.
    private func above(_ root: Address?, _ silent: inout (place: Address, reason: String)?) throws -> Checksums
        .Expected?
    {
        guard let root, files.areKnown, folder != root, root.contains(folder) else { return nil }
        let parent = folder.parent
        guard let listing = try listing(of: parent) else { return nil }
        let files = ChecksumFiles(in: listing)
        for function in ContentDigest.Function.allCases {
            let lists = files.lists(function) + files.others.filter { $0.functions.contains(function) }.map(\.name)
            for place in try lists.filter(listing.has).map({ try parent.file($0) }) {
                guard let text = try context.reader.content(of: place, limit: Checksums.limit) else { continue }
                let content = ChecksumText(text, of: function)
                let path = build.address.parts
                switch content.entry(of: path, depth: 2) {
                case .digest(let digest): return Checksums.Expected(digest: digest, origin: place.description)
                case .ambiguous: throw ambiguous(place)
                case .none where !content.names(folder: folder.name): break
                default: silent = silent ?? (place, "has no \(function.words) digest of \(folder.name)/\(name)")
                }
            }
        }
        return nil
    }

    /// The folder above may have no index, or be nobody's business.
    private func listing(of parent: Address) throws -> Listing? {
        switch try context.reader.listings(of: [parent])[0] {
        case .success(let listing): return listing
        case .failure(let error):
            if case FetchError.unreachable = error { throw error }
            if case FetchError.busy = error { throw error }
            return nil
        }
    }

    private func ambiguous(_ place: Address) -> FetchError {
        .refused(place, reason: "has several digests for files called \(name)", hint: "tell who runs the source")
    }
}
