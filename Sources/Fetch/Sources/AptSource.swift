import DevboxCore
import Packages

/// An apt repository that devbox.yaml names.
struct AptSource: ConfiguredSource {
    static let kind = "apt"
    let basics: SourceBasics
    /// Without one, that which the user or the guest names.
    let suite: String?
    let components: [String]

    var place: String { suite.map { "\(root) \($0)" } ?? root.description }

    private func repository(_ suite: String?) throws -> AptRepository {
        guard let suite = self.suite ?? suite else {
            throw Failure(.usage, "the source \(name) has no suite", hint: "name one with --suite, or in devbox.yaml")
        }
        let isFlat = suite.hasSuffix("/")
        return AptRepository(root: root, suite: suite, components: isFlat ? [] : components, keyrings: keyrings)
    }

    func probe(with context: SourceContext) throws {
        guard suite != nil else { return try checkAnswers(context) }
        try repository(nil).probe(with: context)
    }

    func builds(_ query: BuildQuery, all: Bool, with context: SourceContext) throws -> [Build] {
        let (stanzas, release) = try repository(query.suite).stanzas(
            of: [query.package], query.architecture, with: context)
        return try AptBuilds.builds(
            stanzas, source: name, root: root, query, fallback: release.day, index: "the signed apt index",
            with: context)
    }
}

/// Builds out of the paragraphs of an apt index.
enum AptBuilds {
    /// - Parameters:
    ///   - fallback: the day that counts where the server does not tell a file's.
    ///   - index: where the digests come from, for messages.
    static func builds(
        _ stanzas: [ControlStanza], source: String, root: Address, _ query: BuildQuery, fallback: CalendarDay?,
        index: String, with context: SourceContext
    ) throws -> [Build] {
        var builds: [Build] = []
        for stanza in stanzas where stanza["Package"] == query.package {
            guard ["all", query.architecture.rawValue].contains(stanza["Architecture"] ?? "") else { continue }
            guard let version = stanza["Version"], DebianVersion(version) != nil, let path = stanza["Filename"],
                let digest = ContentDigest({ stanza[$0.rawValue] }), let size = Int64(stanza["Size"] ?? ""), size >= 0
            else { throw Failure(.badInput, "the index of \(root) has no usable entry for \(query.package)") }
            builds.append(
                Build(
                    source: source, package: query.package, architecture: query.architecture, version: version,
                    date: nil, format: .deb, kernelVersion: nil, address: try root.descendant(path),
                    size: .exact(size), checksum: .known(digest, from: index)))
        }
        builds = builds.filter { query.version == nil || query.version == $0.version }
        // An index has no dates; the files have, and they do not change.
        for (index, facts) in try context.reader.facts(of: builds.map(\.address)).enumerated() {
            builds[index].date = (try? facts.get())?.day ?? fallback
            builds[index].isFiled = true
        }
        return builds.filter(query.admits)
    }
}
