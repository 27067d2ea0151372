import DevboxCore
import Settings
import SystemPackage

extension SettingsSection {
    /// The sources of packages, in the order in which they are asked.
    public static let sources = SettingsSection("sources")
}

/// The sources that devbox.yaml names, in its order; without any, the machine's own apt sources alone.
struct SourceSettings {
    private(set) var sources: [any PackageSource] = []

    /// How large a file may be where nothing tells.
    static let maximumSize: Int64 = 20 << 30

    /// - Throws: `badInput`, with the line, where they cannot be used.
    init(_ settings: Settings) throws {
        guard let list = settings[.sources] else { return }
        for (name, node) in try list.members() {
            guard Names.isValid(name) else {
                throw node.wrong("'\(Names.printable(name))' cannot name a source: use a-z, 0-9 and -")
            }
            guard name != "apt" else { throw node.wrong("'apt' is what the machine's own apt sources are called") }
            sources.append(try Self.source(name, node, settings.folder))
        }
    }

    private static func source(_ name: String, _ node: SettingsNode, _ folder: FilePath) throws -> any PackageSource {
        let common = ["kind", "root", "packages", "keyring", "max-size"]
        // A mistyped name is told before what is missing for it.
        try node.check(
            keys: common + ["pattern", "arch-names", "date-format", "reach", "suite", "components"])
        guard let kindNode = node["kind"], let rootNode = node["root"] else {
            throw node.wrong("the source \(name) needs a kind and a root")
        }
        let packages = try node["packages"]?.list()
        let keyrings = try (node["keyring"]?.list() ?? []).map { Keyring(Self.path($0, in: folder)) }
        let size = try node["max-size"].map { node in
            guard let bytes = ByteSize.parse(try node.text()), bytes > 0 else { throw node.wrong("no size; as in 2G") }
            return bytes
        }
        let root = try rootNode.reading { text in
            try Address(text.contains("://") ? folderLike(text) : Self.path(text, in: folder).string + "/")
        }
        let basics = SourceBasics(
            name: name, root: root, packages: packages, keyrings: keyrings, maximumSize: size ?? Self.maximumSize)
        let kind = try kindNode.text()
        switch kind {
        case TreeSource.kind:
            try node.check(keys: common + ["pattern", "arch-names"])
            return TreeSource(
                basics: basics, pattern: try pattern(node), architectureNames: try architectures(node))
        case AddressSource.kind:
            try node.check(keys: common + ["pattern", "arch-names", "date-format", "reach"])
            let shape = try pattern(node)
            guard !shape.endsWithFolder else {
                throw node.wrong("the pattern of \(name) ends with /, but without an index the file must be named")
            }
            return AddressSource(
                basics: basics, pattern: shape, architectureNames: try architectures(node),
                dateSeparator: try separator(node["date-format"]), reach: try reach(node["reach"]))
        case AptSource.kind:
            try node.check(keys: common + ["suite", "components"])
            guard !keyrings.isEmpty else { throw node.wrong("the source \(name) needs a keyring: its index is signed") }
            return AptSource(
                basics: basics, suite: try node["suite"]?.text(),
                components: try node["components"]?.list() ?? ["main"])
        default: throw kindNode.wrong("'\(Names.printable(kind))' is no kind of source: tree, address or apt")
        }
    }

    private static func folderLike(_ text: String) -> String { text.hasSuffix("/") ? text : text + "/" }

    private static func path(_ text: String, in folder: FilePath) -> FilePath {
        folder.pushing(FilePath(text)).lexicallyNormalized()
    }

    private static func pattern(_ node: SettingsNode) throws -> PathPattern {
        guard let pattern = node["pattern"] else {
            throw node.wrong("it needs a pattern, as in {root}/{date}/{arch}/{package}/")
        }
        return try pattern.reading { try PathPattern($0) }
    }

    private static func architectures(_ node: SettingsNode) throws -> [Architecture: String] {
        guard let names = node["arch-names"] else { return [:] }
        var result: [Architecture: String] = [:]
        for (key, value) in try names.members() {
            guard let architecture = Architecture(alias: key) else {
                throw value.wrong("'\(Names.printable(key))' is none of \(Architecture.list)")
            }
            result[architecture] = try value.text()
        }
        return result
    }

    private static func separator(_ node: SettingsNode?) throws -> String {
        guard let node else { return "-" }
        let known = ["YYYY-MM-DD": "-", "YYYYMMDD": "", "YYYY.MM.DD": ".", "YYYY_MM_DD": "_"]
        guard let separator = known[try node.text()] else {
            throw node.wrong("a date is written YYYY-MM-DD, YYYYMMDD, YYYY.MM.DD or YYYY_MM_DD")
        }
        return separator
    }

    private static func reach(_ node: SettingsNode?) throws -> Int {
        guard let node else { return 60 }
        guard let days = Int(try node.text()), (1...1000).contains(days) else {
            throw node.wrong("a number of days from 1 to 1000")
        }
        return days
    }
}
