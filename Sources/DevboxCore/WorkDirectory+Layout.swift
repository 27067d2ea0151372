import SystemPackage

/// Where everything is in the work directory. No other file names a path in it; what is in the folder of a guest is named by
/// `GuestFiles`, and in that of an image by `ImageFiles`.
///
/// ```
/// devbox.yaml  templates/
/// images/<image>/  guests/<guest>/  layers/<layer>/  keys/  locks/  cache/
/// share/{packages,debug,dumps}/  share/{sources,build,notes}/   records/{packages.jsonl,debug/,dumps/}
/// ```
extension WorkDirectory {
    /// devbox.yaml: optional settings.
    public var settings: FilePath { path.appending("devbox.yaml") }
    /// The user's own versions of devbox's templates.
    public var templates: FilePath { path.appending("templates") }
    /// One folder an image.
    public var images: FilePath { path.appending("images") }
    /// One folder a guest.
    public var guests: FilePath { path.appending("guests") }
    /// Disks that guests stand on and that belong to no image: one folder each.
    public var layers: FilePath { path.appending("layers") }
    /// The work directory's own ssh key.
    public var keys: FilePath { path.appending("keys") }
    /// Lock files; they stay when what they lock is removed, so that nobody waits on a file that is gone.
    public var locks: FilePath { path.appending("locks") }
    /// What can be deleted at any time.
    public var cache: FilePath { path.appending("cache") }
    /// What every guest sees at `/work`.
    public var share: FilePath { path.appending("share") }
    /// Digests and origins of what devbox put under `share`.
    public var records: FilePath { path.appending("records") }

    /// What tells a work directory from any other folder.
    static func marks(of path: FilePath) -> [FilePath] { [path.appending("guests"), path.appending("locks")] }

    /// The private half of the key that root of every guest accepts.
    public var sshKey: FilePath { keys.appending("id_ed25519") }
    /// The public half of it, as a line of authorized_keys.
    public var sshPublicKey: FilePath { keys.appending("id_ed25519.pub") }
    /// Where that key is made, before it is there as a whole.
    public var newSSHKey: FilePath { keys.appending("new") }
    /// The public half of that.
    public var newSSHPublicKey: FilePath { keys.appending("new.pub") }
}

// MARK: - share/ and records/

/// What devbox keeps for all guests: a folder of share/ that they only read, and the records of what is in it.
public enum StoreName: String, Sendable, CaseIterable {
    /// Fetched packages: packages/<arch>/<package>/<build>/<file>.
    case packages
    /// Symbols of kernels: debug/<build-id>/.
    case debug
    /// Dumps: dumps/<guest>/<time>/.
    case dumps

    /// Its folder as guests see it.
    public var guestPath: FilePath { WorkDirectory.guestShare.appending(rawValue) }
    /// How many folders deep its entries lie.
    public var depth: Int {
        switch self {
        case .packages: 4
        case .debug: 1
        case .dumps: 2
        }
    }
}

extension WorkDirectory {
    /// Where guests see `share`.
    public static let guestShare: FilePath = "/work"
    /// The folders of `share` that guests may write to. The others are read-only for them.
    public static let writableShares = ["sources", "build", "notes"]

    /// A folder of `share` that guests may write to.
    public func writableShare(_ name: String) -> FilePath { share.appending(name) }
    /// What guests see of a store.
    public func share(_ store: StoreName) -> FilePath { share.appending(store.rawValue) }
    /// The records of a store that has a file for each.
    public func records(_ store: StoreName) -> FilePath { records.appending(store.rawValue) }
    /// The records of a store that has them in one file, a line each.
    public func recordLines(_ store: StoreName) -> FilePath { records.appending("\(store.rawValue).jsonl") }
}

// MARK: - cache/

/// What is kept because it takes long to be made again: a folder of cache/ each.
public enum CacheName: String, Sendable, CaseIterable {
    /// .deb files of which the data has been decoded, by the digest of the original.
    case decodedPackages = "packages"
    /// What has come of files that are being downloaded, by their addresses.
    case downloads
    /// Indexes of apt repositories, by their digests.
    case indexes
    /// Trees for the host's apt-get, by the digests of a guest's sources.
    case aptTrees = "apt"
    /// What depmod(8) makes of packages, by their digests.
    case depmod
    /// Build-ids of kernels, by their boot files.
    case buildIDs = "build-ids"
    /// Marks of what was said once.
    case notices
    /// Whether KVM runs an architecture's kernels here.
    case accelerators
}

extension WorkDirectory {
    /// The folder of a cache.
    public func cache(_ name: CacheName) -> FilePath { cache.appending(name.rawValue) }
    /// The packages that images of a release were built of; mmdebstrap's to fill.
    public func bootstrapPackages(suite: String, architecture: Architecture) -> FilePath {
        cache.appending("debs-\(suite)-\(architecture.rawValue)")
    }
}

// MARK: - locks/

/// What is locked by a file of its own in locks/.
public enum LockName: Sendable {
    /// A guest: who changes it, or has it running.
    case guest(String)
    /// The record of a running guest.
    case record(String)
    /// Arming or disarming a guest.
    case kdump(String)
    /// Bringing out a guest's dumps.
    case dumps(String)
    /// An image: shared by who clones it.
    case image(String)
    /// The layers: shared by who makes one.
    case layers
    /// Making the ssh key.
    case keys
    /// The records of a store.
    case store(StoreName)
    /// Files that are being downloaded: a byte each, see fcntl(2).
    case downloads
    /// The trees for the host's apt-get.
    case aptTrees

    fileprivate var fileName: String {
        switch self {
        case .guest(let name): "guest-\(name)"
        case .record(let name): "record-\(name)"
        case .kdump(let name): "kdump-\(name)"
        case .dumps(let name): "dumps-\(name)"
        case .image(let name): "image-\(name)"
        case .layers: "layers"
        case .keys: "keys"
        case .store(let name): name.rawValue
        case .downloads: "fetch"
        case .aptTrees: "apt"
        }
    }
}

extension WorkDirectory {
    /// The lock file of something; it need not exist.
    public func lock(_ name: LockName) -> FilePath { locks.appending(name.fileName) }
}
