import DevboxCore

extension Fetcher {
    /// The newest build that matches, with its debug package where wanted.
    ///
    /// - Parameters:
    ///   - source: the only one to ask; nil for all of devbox.yaml's, then the machine's apt sources.
    ///   - formats: in the order of preference; others are not taken.
    ///   - withDebug: whether the matching `-dbg` or `-dbgsym` package is to come too.
    /// - Throws: `FetchError.noBuild`, or what kept a source from answering.
    public func find(
        _ query: BuildQuery, source: String? = nil, formats: [PackageFormat] = PackageFormat.allCases,
        withDebug: Bool = false
    ) throws -> [Build] {
        let best = try search(query, source: source, all: false) { builds in
            Self.best(builds.filter { formats.contains($0.format) }, formats)
        }
        guard let best else { throw try missing(query, source: source) }
        return try [best] + (withDebug ? [debug(of: best, query)] : [])
    }

    /// All builds that match, newest first.
    public func list(_ query: BuildQuery, source: String? = nil) throws -> [Build] {
        try search(query, source: source, all: true) { $0.isEmpty ? nil : $0.sorted(by: Build.isBetter) } ?? []
    }

    /// Asks the sources, as groups that stand together; the next group only where `choose` finds nothing in what one has.
    private func search<Found>(
        _ query: BuildQuery, source: String?, all: Bool, _ choose: ([Build]) throws -> Found?
    ) throws -> Found? {
        try Self.checkName(query.package)
        for group in try groups(query.package, source: source) {
            var builds: [Build] = []
            var failures: [any ReportableError] = []
            for source in group {
                do {
                    let found = try source.builds(query, all: all, with: context)
                    builds += all ? found : Self.candidates(found)
                } catch let error as any ReportableError where error.exitCode != .interrupted {
                    failures.append(error)
                }
            }
            // Where something is wrong with what a source says, the user decides whether another one is to take its place.
            if let damaged = failures.first(where: { $0.exitCode == .badInput }) { throw damaged }
            if let found = try choose(builds) {
                for failure in failures { context.console.warn("\(failure.message)") }
                return found
            }
            // What the next group has would be of another origin than what is missing here.
            if let failure = failures.first { throw failure }
        }
        return nil
    }

    /// Of what an apt index has the highest versions, as apt takes them: when their files came to the server decides nothing there.
    private static func candidates(_ builds: [Build]) -> [Build] {
        guard builds.allSatisfy({ $0.knownDigest != nil }), let best = builds.max(by: { Build.isOlder($0, than: $1) })
        else {
            return builds
        }
        return builds.filter { $0.version == best.version }
    }

    /// The record of a build that was fetched and is still there.
    public func fetched(_ build: Build) throws -> PackageRecord? {
        let record = try store.find(build, on: build.date ?? context.today, in: records()).record
        return record.flatMap { Files.exists(store.path($0)) ? $0 : nil }
    }

    /// The best of some builds: the newest, then the highest version, then the format that comes first.
    static func best(_ builds: [Build], _ formats: [PackageFormat]) -> Build? {
        builds.enumerated().min { left, right in
            let (one, other) = (left.element, right.element)
            if one.date == other.date, one.version == other.version, one.kernelVersion == other.kernelVersion {
                let ranks = [one, other].map { formats.firstIndex(of: $0.format) ?? formats.count }
                // Of two sources with the same the first one counts.
                return (ranks[0], left.offset) < (ranks[1], right.offset)
            }
            return Build.isBetter(one, than: other)
        }?.element
    }

    /// Sources to ask together; the next group only where none of these has it.
    private func groups(_ package: String, source: String?) throws -> [[any PackageSource]] {
        if let source {
            let all = sources + [machine] as [any PackageSource]
            guard let found = all.first(where: { $0.name == source }) else {
                throw Failure(
                    .notFound, "there is no source \(Names.printable(source))",
                    hint: "there are: \(all.map(\.name).joined(separator: ", "))")
            }
            return [[found]]
        }
        let naming = sources.filter { $0.packages?.contains(package) == true }
        if !naming.isEmpty { return [naming] }
        return [sources.filter { $0.packages == nil }, [machine]]
    }

    private func debug(of build: Build, _ query: BuildQuery) throws -> Build {
        for end in ["-dbg", "-dbgsym"] {
            if let found = try debug(end, beside: build, query) { return found }
            var query = query
            query.package = build.package + end
            query.version = build.version
            query.format = build.format
            // In a tree it lies below the same day; an index may tell another one of it.
            if build.date != nil, build.format != .deb { (query.notAfter, query.isExact) = (build.date, true) }
            let source = (sources + [machine] as [any PackageSource]).first { $0.name == build.source }
            if let found = try source?.builds(query, all: false, with: context).sorted(by: Build.isBetter).first {
                return found
            }
        }
        throw FetchError.noBuild(
            "the source \(build.source) has no debug package for \(build.package) \(build.version)",
            hint: "without --with-debug the package alone is fetched")
    }

    /// The debug package of the same version in the folder of the package itself.
    private func debug(_ end: String, beside build: Build, _ query: BuildQuery) throws -> Build? {
        guard build.knownDigest == nil, let listing = try? context.reader.listing(of: build.address.parent) else {
            return nil
        }
        var query = query
        query.package = build.package + end
        var bindings = Bindings()
        bindings.day = build.isFiled ? nil : build.date
        bindings.values[.kernel] = build.kernelVersion.map { [$0] }
        return try listing.files(beginningWith: FileName.beginning(of: query.package)).compactMap { entry in
            Build(
                source: build.source, query, bindings, file: try build.address.parent.file(entry.name),
                size: entry.size, listedDay: build.date, beside: listing)
        }.first {
            $0.version == build.version && $0.format == build.format && $0.kernelVersion == build.kernelVersion
        }
    }

    private func missing(_ query: BuildQuery, source: String?) throws -> FetchError {
        var what = "there is no build of \(query.package) for \(query.architecture.rawValue)"
        if let version = query.version { what += " of version \(version)" }
        if let kernel = query.kernelVersion { what += " for the kernel \(kernel)" }
        if let format = query.format { what += " as \(format.rawValue)" }
        if let day = query.notAfter { what += query.isExact ? " of \(day)" : " not after \(day)" }
        let asked = try groups(query.package, source: source).joined().map(\.name).joined(separator: ", ")
        return .noBuild(
            "\(what) in \(asked)",
            hint: hint(query, source))
    }

    private func hint(_ query: BuildQuery, _ source: String?) -> String {
        let package = query.package
        if sources.isEmpty {
            return "\(context.work.settings) names no sources: `devbox templates devbox.yaml` shows how"
        }
        let named = Set(sources.flatMap { $0.packages ?? [] })
        let given =
            (query.architecture == .host ? "" : " --arch \(query.architecture.rawValue)")
            + (source.map { " --source \($0)" } ?? "")
        return named.isEmpty || named.contains(package)
            ? "`devbox fetch \(package) --list\(given)` shows what there is"
            : "devbox.yaml names \(named.sorted().prefix(8).joined(separator: ", "))"
    }

    private static func checkName(_ package: String) throws {
        let isGood = package.utf8.allSatisfy {
            switch $0 {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
                UInt8(ascii: "0")...UInt8(ascii: "9"):
                true
            default: "+-._".utf8.contains($0)
            }
        }
        guard isGood, package.first?.isLetter == true || package.first?.isASCIIDigit == true, package.utf8.count <= 128
        else { throw Failure(.usage, "'\(Names.printable(package))' is no name of a package") }
    }
}

extension Fetcher {
    /// A source, and whether it answers.
    public struct SourceReport: Sendable, Encodable {
        /// Its name in devbox.yaml; "apt" for the machine's own apt sources.
        public let name: String
        /// "tree", "address", "apt", and whether it is a folder.
        public let kind: String
        /// Where it is.
        public let root: String
        /// The packages that its settings name.
        public let packages: [String]?
        /// Its keyrings.
        public let keyrings: [String]
        /// Whether it answers.
        public let answers: Bool
        /// Why it does not.
        public let reason: String?
    }

    /// All sources, each asked whether it is there.
    public func report() throws -> [SourceReport] {
        try (sources + [machine] as [any PackageSource]).map { source in
            var reason: String?
            do {
                try source.probe(with: context)
            } catch let error as any ReportableError where error.exitCode != .interrupted {
                reason = error.message
            }
            return SourceReport(
                name: source.name, kind: source.kind, root: source.place, packages: source.packages,
                keyrings: source.keyrings.map(\.path.string), answers: reason == nil, reason: reason)
        }
    }
}
