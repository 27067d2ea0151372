import DevboxCore

/// A pattern of addresses without any index: `{root}/{suite}/{arch}/ltp/{date}/ltp.tar.xz`. Which days there are is found by asking for
/// them, from the wanted one backwards.
struct AddressSource: ConfiguredSource {
    static let kind = "address"
    let basics: SourceBasics
    let pattern: PathPattern
    let architectureNames: [Architecture: String]
    /// How the date is written: "2026-11-03" or "20261103".
    let dateSeparator: String
    /// How many days back are asked for.
    let reach: Int

    func probe(with context: SourceContext) throws { try checkAnswers(context) }

    func builds(_ query: BuildQuery, all: Bool, with context: SourceContext) throws -> [Build] {
        try checkSuite(query, pattern)
        var answers = Answers()
        guard pattern.has(.date) else {
            try ask([nil], query, context, into: &answers)
            return try answers.get()
        }
        let newest = min(query.notAfter ?? context.today, context.today.adding(1))
        let furthest = newest.adding(-reach)
        let oldest = max(query.earliest ?? furthest, furthest)
        if let since = query.since, since < oldest {
            context.console.say("\(name): no further back than \(oldest); `reach` in devbox.yaml says how far")
        }
        var day = newest
        while day >= oldest, all || answers.builds.isEmpty {
            // A few at once, the newest first; the first group that has one has the newest.
            let days = (0..<8).map { day.adding(-$0) }.filter { $0 >= oldest }
            try ask(days.map { $0 }, query, context, into: &answers)
            day = day.adding(-8)
        }
        return try answers.get()
    }

    /// What came of asking for some files.
    private struct Answers {
        var builds: [Build] = []
        /// A store of objects may say of what is not there that nobody may see it.
        var forbidden: (any Error)?

        func get() throws -> [Build] {
            if builds.isEmpty, let forbidden { throw forbidden }
            return builds
        }
    }

    private func ask(
        _ days: [CalendarDay?], _ query: BuildQuery, _ context: SourceContext, into answers: inout Answers
    ) throws {
        let places = try days.flatMap { try addresses(query, day: $0) }
        for (place, result) in zip(places, try context.reader.facts(of: places.map(\.address))) {
            do {
                guard let facts = try result.get() else { continue }
                let build = Build(
                    source: name, query, place.bindings, file: place.address,
                    size: facts.size.map { .exact($0) } ?? .unknown, listedDay: facts.day, beside: nil)
                if let build, query.admits(build) { answers.builds.append(build) }
            } catch let error as FetchError {
                guard case .status(_, 403) = error else { throw error }
                answers.forbidden = error
            }
        }
    }

    /// Where the package of a day would be.
    func addresses(_ query: BuildQuery, day: CalendarDay?) throws -> [(address: Address, bindings: Bindings)] {
        var bindings = Bindings()
        bindings.day = day
        bindings.values = [
            .package: [query.package],
            .format: query.format.map { [$0.rawValue] } ?? PackageFormat.allCases.map(\.rawValue),
            .arch: [architectureNames[query.architecture] ?? query.architecture.rawValue],
        ]
        bindings.values[.date] = day.map { [$0.text(separator: dateSeparator)] }
        // Only what the address itself tells is known of the file: the rest would be taken for its own.
        if pattern.has(.suite) { bindings.values[.suite] = query.suite.map { [$0] } }
        if pattern.has(.kernel) { bindings.values[.kernel] = query.kernelVersion.map { [$0] } }
        if pattern.has(.version) { bindings.values[.version] = query.version.map { [$0] } }
        var places = [(address: root, bindings: bindings)]
        for (index, level) in pattern.levels.enumerated() {
            places = try places.flatMap { place in
                guard let names = level.names(place.bindings) else {
                    throw Failure(
                        .usage, "the source \(name) needs more to find \(query.package)",
                        hint: "its addresses have a \(Self.missing(level, place.bindings)): name it on the command line"
                    )
                }
                return try names.map { name, bindings in
                    let isFile = index == pattern.levels.count - 1
                    return (isFile ? try place.address.file(name) : try place.address.folder(name), bindings)
                }
            }
        }
        return places
    }

    private static func missing(_ level: PathPattern.Level, _ bindings: Bindings) -> String {
        for case .variable(let variable) in level.parts where bindings.values[variable] == nil {
            return variable.rawValue
        }
        return "name that devbox cannot know"
    }
}
