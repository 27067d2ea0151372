import DevboxCore

/// Where packages come from: one of devbox.yaml's sources, or the machine's own apt sources.
protocol PackageSource {
    /// Its name in devbox.yaml.
    var name: String { get }
    /// What it is, as `devbox sources` shows it.
    var kind: String { get }
    /// Its address or folder, as `devbox sources` shows it.
    var place: String { get }
    /// The packages that it has, where the settings name them; nil where it has to be asked.
    var packages: [String]? { get }
    /// Keyrings that its indexes and digests are signed with; empty where they are not.
    var keyrings: [Keyring] { get }
    /// How large a file of it may be where no index tells.
    var maximumSize: Int64 { get }

    /// The builds that match, in no order. Where the newest alone is wanted, older ones may be missing.
    ///
    /// - Parameter all: whether all of them are wanted.
    func builds(_ query: BuildQuery, all: Bool, with context: SourceContext) throws -> [Build]

    /// Asks it whether it is there, at the least cost.
    func probe(with context: SourceContext) throws
}

/// What every source of devbox.yaml has; see `PackageSource`.
struct SourceBasics {
    let name: String
    let root: Address
    let packages: [String]?
    let keyrings: [Keyring]
    let maximumSize: Int64
}

/// A source of devbox.yaml.
protocol ConfiguredSource: PackageSource {
    var basics: SourceBasics { get }
    /// What the settings call its kind.
    static var kind: String { get }
}

extension ConfiguredSource {
    var name: String { basics.name }
    var root: Address { basics.root }
    var packages: [String]? { basics.packages }
    var keyrings: [Keyring] { basics.keyrings }
    var maximumSize: Int64 { basics.maximumSize }
    var kind: String { root.origin == nil ? "\(Self.kind), folder" : Self.kind }
    var place: String { root.description }

    /// The release, for a pattern that has a level of it.
    func checkSuite(_ query: BuildQuery, _ pattern: PathPattern) throws {
        if pattern.has(.suite), query.suite == nil {
            throw Failure(.usage, "the source \(name) is divided by releases", hint: "name one with --suite")
        }
    }

    /// Whether its server answers at all, where there is no index to ask for: any answer but an error of its own will do.
    func checkAnswers(_ context: SourceContext) throws {
        do {
            _ = try context.reader.facts(of: [root])[0].get()
        } catch FetchError.status(_, let code) where code < 500 {
            return
        }
    }
}

/// What sources work with.
struct SourceContext {
    let work: WorkDirectory
    let reader: SourceReader
    let downloader: Downloader
    let signatures: Signatures
    let console: Console
    /// For what is not repeated for each package.
    let remarks: Remarks
    /// What the days that a command names count from.
    let today: CalendarDay
}

/// Says something once in a process: what holds for a source is not repeated for each of its packages.
final class Remarks {
    private(set) var said: Set<String> = []
    private let console: Console

    init(_ console: Console) { self.console = console }

    func once(_ text: String) {
        if said.insert(text).inserted { console.say(text) }
    }

    func warnOnce(_ text: String) {
        if said.insert(text).inserted { console.warn(text) }
    }
}
