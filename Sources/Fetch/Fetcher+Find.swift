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
        try Self.checkName(query.package)
        var failures: [any ReportableError] = []
        for group in try groups(query.package, source: source) {
            var found: [Build] = []
            for source in group {
                do {
                    found += try source.builds(query, all: false, with: context).filter { formats.contains($0.format) }
                } catch let error as any ReportableError where error.exitCode != .interrupted {
                    failures.append(error)
                }
            }
            guard let best = Self.best(found, formats) else { continue }
            for failure in failures { context.console.warn("\(failure.message)") }
            return try [best] + (withDebug ? [debug(of: best, query)] : [])
        }
        if let failure = failures.first { throw failure }
        throw try missing(query, source: source)
    }

    /// All builds that match, newest first.
    public func list(_ query: BuildQuery, source: String? = nil) throws -> [Build] {
        try Self.checkName(query.package)
        var failures: [any ReportableError] = []
        for group in try groups(query.package, source: source) {
            var found: [Build] = []
            for source in group {
                do {
                    found += try source.builds(query, all: true, with: context)
                } catch let error as any ReportableError where error.exitCode != .interrupted {
                    failures.append(error)
                }
            }
            guard !found.isEmpty else { continue }
            for failure in failures { context.console.warn("\(failure.message)") }
            return found.sorted(by: Build.isBetter)
        }
        if let failure = failures.first { throw failure }
        return []
    }

    /// The record of a build that was fetched and is still there.
    public func fetched(_ build: Build) throws -> PackageRecord? {
        guard let day = build.date, let record = try store.find(build, on: day, in: records()).record,
            Files.exists(store.path(record))
        else { return nil }
        return record
    }

    /// The best of some builds: the newest, then the highest version, then the format that comes first.
    static func best(_ builds: [Build], _ formats: [PackageFormat]) -> Build? {
        builds.enumerated().min { left, right in
            let (one, other) = (left.element, right.element)
            if one.date == other.date, one.version == other.version {
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
            var query = query
            query.package = build.package + end
            query.version = build.version
            query.format = build.format
            // In a tree it lies beside; an index may tell another day of it.
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

    private func missing(_ query: BuildQuery, source: String?) throws -> FetchError {
        var what = "there is no build of \(query.package) for \(query.architecture.rawValue)"
        if let version = query.version { what += " of version \(version)" }
        if let kernel = query.kernelVersion { what += " for the kernel \(kernel)" }
        if let format = query.format { what += " as \(format.rawValue)" }
        if let day = query.notAfter { what += query.isExact ? " of \(day)" : " not after \(day)" }
        let asked = try groups(query.package, source: source).joined().map(\.name).joined(separator: ", ")
        return .noBuild(
            "\(what) in \(asked)",
            hint: hint(query.package))
    }

    private func hint(_ package: String) -> String {
        if sources.isEmpty {
            return "\(context.work.settings) names no sources: devbox's templates/devbox.yaml shows how"
        }
        let named = Set(sources.flatMap { $0.packages ?? [] })
        return named.isEmpty || named.contains(package)
            ? "`devbox fetch \(package) --list` shows what there is"
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
