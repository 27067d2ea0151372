import DevboxCore

/// Where packages come from: one of devbox.yaml's sources, or the machine's own apt sources.
protocol PackageSource {
    /// Its name in devbox.yaml.
    var name: String { get }
    /// What it is, as `devbox sources` shows it.
    var kind: String { get }
    /// Where it is.
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

/// What sources work with.
struct SourceContext {
    let work: WorkDirectory
    let reader: SourceReader
    let downloader: Downloader
    let signatures: Signatures
    let console: Console
    /// What the days that a command names count from.
    let today: CalendarDay
}

/// Says something once in a process: what holds for a source is not repeated for each of its packages.
final class Remarks {
    private var said: Set<String> = []
    private let console: Console

    init(_ console: Console) { self.console = console }

    func once(_ text: String) {
        if said.insert(text).inserted { console.say(text) }
    }
}
