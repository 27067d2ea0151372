import DevboxCore

/// A tree of folders by date, architecture, package and so on, each with an automatic index; over HTTP, or a folder of the host.
struct TreeSource: ConfiguredSource {
    static let kind = "tree"
    let basics: SourceBasics
    let pattern: PathPattern
    /// What it calls architectures, where that is not one of the usual names.
    let architectureNames: [Architecture: String]

    /// How many days are looked through for the newest that has a package.
    private static let patience = 4000
    /// How many folders of one level are looked into.
    private static let breadth = 20_000

    /// How many days a list goes into where each costs a request.
    private static let page = 60

    /// A way into the tree: a folder, or in the end a file, and what the names above it say.
    private struct Node {
        var address: Address
        var bindings: Bindings
    }

    func probe(with context: SourceContext) throws {
        var bindings = Bindings()
        for variable in [PathPattern.Variable.package, .arch, .suite] { bindings.values[variable] = [""] }
        let needsIndex = pattern.levels.first.map { $0.names(bindings) == nil } ?? true
        let listing = try context.reader.listings(of: [root])
        guard try needsIndex ? listing[0].get() != nil : Self.isThere(listing[0]) else { throw FetchError.absent(root) }
    }

    /// Whether there is something at a folder's address. A page that is no index of it will do: no other folder's index hangs on it.
    private static func isThere(_ result: Attempt<Listing?>) throws -> Bool {
        do {
            return try SourceReader.unlessMissing(result) != nil
        } catch FetchError.noIndex {
            return true
        }
    }

    func builds(_ query: BuildQuery, all: Bool, with context: SourceContext) throws -> [Build] {
        // A store of objects says of what is not there that nobody may see it; where nothing is found in the end, that is told.
        var found = try search(query, all: all, with: context)
        guard found.isEmpty else { return found }
        // A root that is not there has nothing, but that is not all there is to say of it.
        let isThere = try Self.isThere(context.reader.listings(of: [root])[0])
        if try isThere ? context.reader.isBucket(root) : context.reader.findBucket(of: root) {
            // Before that was known folders were asked for that are none of the server's.
            found = try search(query, all: all, with: context)
        } else if !isThere {
            _ = try context.reader.listing(of: root)
            throw FetchError.absent(root)
        }
        if found.isEmpty, let place = context.reader.forbidden.first(where: root.contains) {
            throw FetchError.status(place, code: 403)
        }
        return found
    }

    private func search(_ query: BuildQuery, all: Bool, with context: SourceContext) throws -> [Build] {
        try checkSuite(query, pattern)
        var start = Bindings()
        start.values[.package] = [query.package]
        start.values[.arch] = architectureNames[query.architecture].map { [$0] } ?? query.architecture.aliases
        if pattern.has(.suite) { start.values[.suite] = query.suite.map { [$0] } }
        let dateLevel = pattern.levels.firstIndex { $0.parts.contains(.variable(.date)) }
        var nodes = [Node(address: root, bindings: start)]
        guard let dateLevel else { return try finish(nodes, from: 0, query, all: all, context) }
        nodes = try expand(nodes, through: 0..<dateLevel + 1, query, context)
            .filter { query.admits($0.bindings.day) }
            .sorted { ($0.bindings.day?.number ?? 0) > ($1.bindings.day?.number ?? 0) }
        if all {
            return try finish(
                shown(nodes, below: dateLevel, query, context), from: dateLevel + 1, query, all: true, context)
        }

        // The newest day mostly has it; then more and more days at once.
        var rest = nodes[...]
        var looked = 0
        var step = 1
        while !rest.isEmpty, looked < Self.patience {
            // All that one day has belongs together: the same day can be below several kernel versions.
            let days = Set(
                rest.lazy.map(\.bindings.day).reduce(into: [CalendarDay?]()) { days, day in
                    if days.last != day, days.count < step { days.append(day) }
                })
            let chunk = rest.prefix { days.contains($0.bindings.day) }
            let found = try finish(Array(chunk), from: dateLevel + 1, query, all: false, context)
            if !found.isEmpty { return found }
            rest = rest.dropFirst(chunk.count)
            looked += days.count
            step = min(step * 2, 64)
        }
        return []
    }

    /// Goes down some levels. A level of which all is known needs no index.
    private func expand(_ start: [Node], through levels: Range<Int>, _ query: BuildQuery, _ context: SourceContext)
        throws
        -> [Node]
    {
        var nodes = start
        for index in levels {
            let level = pattern.levels[index]
            let isFolder = index < pattern.levels.count - 1 || pattern.endsWithFolder
            var next: [Node] = []
            var asked: [Node] = []
            let spelling = try spelling(of: level, in: nodes, context)
            for node in nodes {
                guard var names = level.names(node.bindings) else {
                    asked.append(node)
                    continue
                }
                if let spelling { names = names.filter { $0.name == spelling } }
                for (name, bindings) in names {
                    let address = isFolder ? try node.address.folder(name) : try node.address.file(name)
                    next.append(Node(address: address, bindings: bindings))
                }
            }
            for (node, result) in zip(asked, try context.reader.listings(of: asked.map(\.address))) {
                // Of several spellings one is right; and a day need not have every package.
                guard let listing = try SourceReader.unlessMissing(result) else { continue }
                for outside in listing.outside {
                    let last = outside.split(separator: "/").last.flatMap { Address.decoded($0) } ?? ""
                    if level.match(last, node.bindings) != nil { throw Self.leaves(node.address, outside) }
                }
                for entry in listing.entries where entry.isFolder == isFolder {
                    guard let bindings = level.match(entry.name, node.bindings),
                        bindings.first(.kernel).map(query.admits(kernel:)) != false
                    else { continue }
                    let address = isFolder ? try node.address.folder(entry.name) : try node.address.file(entry.name)
                    next.append(Node(address: address, bindings: bindings))
                }
            }
            guard next.count <= Self.breadth else {
                throw FetchError.refused(root, reason: "has more than \(Self.breadth) folders of one kind", hint: nil)
            }
            nodes = next
        }
        return nodes
    }

    /// Which of several spellings of a name ("amd64", "x86_64") a level has; asking a few folders once is less than trying each
    /// spelling in all of them. nil where there is but one, or where that cannot be learnt.
    private func spelling(of level: PathPattern.Level, in nodes: [Node], _ context: SourceContext) throws -> String? {
        for node in nodes.prefix(3) {
            guard let names = level.names(node.bindings)?.map(\.name), names.count > 1 else { return nil }
            guard let listing = try? context.reader.listing(of: node.address) else { continue }
            if let found = names.first(where: { name in listing.entries.contains { $0.name == name } }) { return found }
        }
        return nil
    }

    private static func leaves(_ folder: Address, _ link: String) -> FetchError {
        .refused(
            folder, reason: "has a link that leaves its folder: \(link)",
            hint: "it is not followed; tell who runs the source")
    }

    /// The days that a list goes into, where each costs a request of its own.
    private func shown(_ nodes: [Node], below level: Int, _ query: BuildQuery, _ context: SourceContext) -> [Node] {
        let needsIndex =
            pattern.endsWithFolder
            || pattern.levels[(level + 1)...].contains { $0.names(nodes.first?.bindings ?? Bindings()) == nil }
        guard needsIndex, query.since == nil, nodes.count > Self.page else { return nodes }
        context.console.say("\(name): the newest \(Self.page) of \(nodes.count) days; --since DATE shows older ones")
        return Array(nodes.prefix(Self.page))
    }

    /// The rest of the way, to the files.
    private func finish(_ start: [Node], from level: Int, _ query: BuildQuery, all: Bool, _ context: SourceContext)
        throws
        -> [Build]
    {
        let last = pattern.levels.count - 1
        if pattern.endsWithFolder {
            return try files(in: expand(start, through: level..<last + 1, query, context), query, all: all, context)
        }
        var builds: [Build] = []
        if level <= last {
            for parent in try expand(start, through: level..<last, query, context) {
                let isListed = pattern.levels[last].names(parent.bindings) == nil
                let nodes = try expand([parent], through: last..<last + 1, query, context)
                let listing = isListed ? try context.reader.listing(of: parent.address) : nil
                builds += try named(nodes, query, beside: listing, context)
            }
        } else {
            // The level of the date is the file itself, so its folder was read.
            for node in start {
                builds += try named([node], query, beside: context.reader.listing(of: node.address.parent), context)
            }
        }
        return all ? builds : try existing(builds, context)
    }

    /// Those whose files are there: a pattern can name a file that no index has shown.
    private func existing(_ builds: [Build], _ context: SourceContext) throws -> [Build] {
        let guessed = builds.filter { $0.size == .unknown }
        let facts = Dictionary(
            zip(guessed.map(\.address), try context.reader.facts(of: guessed.map(\.address))), uniquingKeysWith: { $1 })
        return try builds.compactMap { build in
            guard let result = facts[build.address] else { return build }
            guard let facts = try SourceReader.unlessMissing(result) else { return nil }
            var build = build
            build.size = facts.size.map { .exact($0) } ?? .unknown
            return build
        }
    }

    /// Builds whose file the pattern itself names.
    private func named(_ nodes: [Node], _ query: BuildQuery, beside listing: Listing?, _ context: SourceContext) throws
        -> [Build]
    {
        let entries = Dictionary(listing?.entries.map { ($0.name, $0) } ?? [], uniquingKeysWith: { one, _ in one })
        let builds = nodes.compactMap { node in
            let entry = entries[node.address.name]
            return Build(
                source: name, query, node.bindings, file: node.address, size: entry?.size ?? .unknown,
                listedDay: entry?.day, beside: listing)
        }
        return try dated(builds, query, context).filter(query.admits)
    }

    /// The same builds. Where the question is for days, the server is asked for those of which neither a name nor an index tells the day.
    private func dated(_ builds: [Build], _ query: BuildQuery, _ context: SourceContext) throws -> [Build] {
        guard query.notAfter != nil || query.since != nil else { return builds }
        var result = builds
        let undated = builds.indices.filter { builds[$0].date == nil && query.admitsSomeDay(builds[$0]) }
        let facts = try context.reader.facts(of: undated.map { builds[$0].address })
        for (index, fact) in zip(undated, facts) {
            // Not every server answers to the question for the head alone.
            if case .success(let fact?) = fact { result[index].date = fact.day }
        }
        return result
    }

    private func files(in folders: [Node], _ query: BuildQuery, all: Bool, _ context: SourceContext) throws -> [Build] {
        var builds: [Build] = []
        // What is found in the only folder will be fetched, and the digest of it is beside it.
        let sums = all || folders.count != 1 ? nil : try folders[0].address.file("SHA256SUMS")
        for (node, result) in zip(folders, try context.reader.listings(of: folders.map(\.address), ahead: sums)) {
            guard let listing = try SourceReader.unlessMissing(result) else { continue }
            for outside in listing.outside {
                let last = outside.split(separator: "/").last.flatMap { Address.decoded($0) } ?? ""
                // A name may hide its slashes: "ltp-1-amd64.deb%2f..".
                let parts = last.split(separator: "/").map(String.init) + [last]
                if parts.contains(where: { FileName($0, package: query.package) != nil }) {
                    throw Self.leaves(node.address, outside)
                }
            }
            for entry in listing.files(beginningWith: FileName.beginning(of: query.package)) {
                guard let name = FileName(entry.name, package: query.package) else { continue }
                let file = try node.address.file(entry.name)
                // Without a version in it a name says nothing of the build; python's index has no days either.
                let isNameless = name.version.isEmpty
                let isUndated = entry.day == nil && node.bindings.day == nil && node.bindings.first(.version) == nil
                let day =
                    isNameless && isUndated
                    ? try context.reader.facts(of: [file])[0].get()?.day ?? context.today : entry.day
                let build = Build(
                    source: self.name, query, node.bindings, file: file, size: entry.size, listedDay: day,
                    beside: listing)
                if let build { builds.append(build) }
            }
        }
        return try dated(builds, query, context).filter(query.admits)
    }
}

extension Build {
    /// A build from its file's name and the names above it; nil where the file is another package's or architecture's.
    ///
    /// - Parameters:
    ///   - listedDay: when the file was changed, which counts where no name has a date.
    ///   - listing: the folder that the file is in, where it was looked at.
    init?(
        source: String, _ query: BuildQuery, _ bindings: Bindings, file: Address, size: Size, listedDay: CalendarDay?,
        beside listing: Listing?
    ) {
        guard let name = FileName(file.name, package: query.package) else { return nil }
        guard name.architecture ?? query.architecture == query.architecture else { return nil }
        let bound = bindings.first(.version)
        let named =
            bindings.day ?? FileName.day(in: name.version) ?? name.kernelVersion.flatMap { FileName.day(in: $0) }
        let day = named ?? listedDay
        let version = name.version.isEmpty ? bound ?? day?.text(separator: "") : name.version
        guard let version else { return nil }
        self.init(
            source: source, package: query.package, architecture: query.architecture, version: version, date: day,
            format: name.format, kernelVersion: bindings.first(.kernel) ?? name.kernelVersion,
            suite: bindings.first(.suite), address: file, size: size,
            checksum: .beside(listing.map { ChecksumFiles(beside: $0, of: file.name) } ?? ChecksumFiles()))
        isFiled = named == nil
    }
}
