import DevboxCore
import FoundationEssentials
import Glibc
import HostTools
import Stores
import SystemPackage
import Templates

/// A tree for the host's apt-get, with a guest's sources and keys in it and nothing of the host's but how it reaches the network:
/// cache/apt/<digest of sources, keys and architecture>/.
///
/// Where devbox is root, apt-get runs as the work directory's owner, without capabilities.
struct AptTree {
    /// Where it is.
    let path: FilePath
    /// What apt-get is run with.
    let configuration: AptConfiguration
    /// Where it puts what it fetches.
    let archives: FilePath
    /// A folder that stays empty.
    let nothing: FilePath
    /// Why entries of the guest's sources are not used.
    let skipped: [String]
    private let work: WorkDirectory

    /// How many trees are kept, of some tens of megabytes each.
    private static let bounds = CacheBounds(count: 8)
    /// How long lists are used before they are fetched again.
    private static let freshness: Int64 = 3600

    /// Writes the tree, or brings it up to date.
    ///
    /// - Parameter settings: the host's, from `hostSettings`.
    init(
        _ work: WorkDirectory, _ sources: GuestAptSources, architecture: Architecture, settings: [String],
        templates: Templates
    ) throws {
        self.work = work
        let cache = Cache(.aptTrees, in: work, keeping: Self.bounds)
        let name = String(sources.digest(architecture: architecture.rawValue).description.prefix(32))
        path = cache.path(name)
        // It stands between quotes in apt's own settings, and between spaces in a source.
        guard AptTree.isPlain(path.string) else {
            throw Failure(
                .failure, "apt-get cannot work in \(path): the path has spaces or signs in it",
                hint: "use a work directory of another name, or download the missing packages yourself")
        }
        archives = path.appending("var/cache/apt/archives")
        nothing = path.appending("nothing")
        configuration = AptConfiguration(file: path.appending("apt.conf"), temporary: path.appending("tmp"))
        try cache.prepare()
        try work.own(path, mode: 0o700)
        for folder in [
            "tmp", "nothing", "keyrings", "etc", "etc/apt", "etc/apt/sources.list.d", "etc/apt/trusted.gpg.d",
            "etc/apt/preferences.d", "var", "var/lib", "var/lib/apt", "var/lib/apt/lists", "var/lib/apt/lists/partial",
            "var/cache", "var/cache/apt", "var/cache/apt/archives", "var/cache/apt/archives/partial",
        ] {
            try work.own(path.pushing(FilePath(folder)), mode: 0o700)
        }
        let values: [String: any Sendable] = [
            "tree": path.string, "architecture": architecture.rawValue, "settings": settings,
        ]
        try Self.write(templates.render("apt.conf.mustache", values), to: "apt.conf", in: path)
        skipped = try Self.write(sources, in: path)
        cache.use(name)
        try? cache.evict(keeping: name)
    }

    private static func isPlain(_ path: String) -> Bool {
        path.utf8.allSatisfy { byte in
            let scalar = UnicodeScalar(byte)
            return scalar.properties.isAlphabetic && byte < 0x80 || (0x30...0x39).contains(byte)
                || "/-._+@~".utf8.contains(byte)
        }
    }

    /// Writes the sources, and the keys that they are checked with.
    ///
    /// - Returns: why others are not used.
    private static func write(_ sources: GuestAptSources, in path: FilePath) throws -> [String] {
        var copies: [String: String] = [:]
        for (keyring, bytes) in sources.keyrings {
            let name = FilePath(keyring).lastComponent?.string ?? ""
            var copy = "keyrings/\(keyring.dropFirst().replacing("/", with: "-"))"
            if keyring.hasPrefix(GuestAptSources.trusted) {
                copy = "etc/apt/trusted.gpg.d/\(name)"
            } else if keyring == "/etc/apt/trusted.gpg" {
                copy = "etc/apt/trusted.gpg"
            }
            try write(bytes, to: copy, in: path)
            copies[keyring] = path.pushing(FilePath(copy)).string
        }
        var text = ""
        var skipped = sources.skipped.map(\.reason)
        for (index, source) in sources.sources.enumerated() {
            for case .key(let key) in source.signedBy {
                try write(Array(key.utf8), to: "keyrings/source-\(index).asc", in: path)
            }
            let paragraph = source.paragraph { signer in
                switch signer {
                case .keyring(let name): copies[name]
                case .key: path.appending("keyrings").appending("source-\(index).asc").string
                case .fingerprint: nil
                }
            }
            if let paragraph {
                text += paragraph + "\n"
            } else {
                skipped.append("\(source.uri) \(source.suite): the keyring of its signature is not there")
            }
        }
        guard !text.isEmpty else {
            let reasons = skipped.prefix(8).map { "\n  \($0)" }.joined()
            throw Failure(
                .failure, "the guest has no apt sources that can be used\(reasons)",
                hint: "devbox uses signed http and https sources of /etc/apt; or name the missing packages too")
        }
        try write(text, to: "etc/apt/sources.list.d/guest.sources", in: path)
        return skipped
    }

    /// Writes dpkg's status, and keeps apt from replacing the packages that are to be installed.
    func write(status: String, wanted: [PackageFile]) throws {
        try Self.write(status, to: "status", in: path)
        let pins = wanted.map {
            "Package: \($0.package.name)\nPin: version \($0.package.version)\nPin-Priority: 1001\n"
        }
        try Self.write(pins.joined(separator: "\n"), to: "etc/apt/preferences", in: path)
    }

    private static func write(_ text: String, to name: String, in path: FilePath) throws {
        try write(Array(text.utf8), to: name, in: path)
    }

    private static func write(_ bytes: [UInt8], to name: String, in path: FilePath) throws {
        let file = path.pushing(FilePath(name))
        if (try? Files.read(file, limit: max(bytes.count, 1))) == bytes { return }
        try Files.writeAtomically(bytes, to: file)
    }

    /// Whether the lists have been fetched not long ago.
    var isFresh: Bool {
        guard let status = try? Files.status(freshMark) else { return false }
        return (0..<Self.freshness).contains(Int64(time(nil)) - Int64(status.st_mtim.tv_sec))
    }

    /// Notes that the lists are whole and new.
    func noteFresh() throws { try Files.writeAtomically([], to: freshMark) }

    private var freshMark: FilePath { path.appending("updated") }

    /// The command as the work directory's owner's.
    func run(_ command: Command) -> Command {
        isRoot ? Setpriv.run(command, as: work.owner, group: nil) : command
    }

    /// Those lines of `apt-config dump` that say how the machine reaches the network. Hooks, and what would make apt trust more, are
    /// not among them.
    static func hostSettings(_ dump: String) -> [String] {
        let kept = [
            "acquire::http", "acquire::https", "acquire::retries", "acquire::forceipv4", "acquire::forceipv6",
            "acquire::check-valid-until", "acquire::check-date",
        ]
        return dump.split(separator: "\n").map(String.init).filter { line in
            guard line.hasSuffix("\";"), let name = line.split(separator: " ").first?.lowercased() else { return false }
            return kept.contains { name == $0 || name.hasPrefix("\($0)::") }
        }
    }
}
