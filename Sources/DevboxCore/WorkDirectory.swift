import Glibc
import SystemPackage

/// The one folder that everything lives in; `WorkDirectory+Layout` says where in it.
public struct WorkDirectory: Sendable {
    /// Its absolute path, without links.
    public let path: FilePath
    /// Who its files belong to: under sudo the invoking user, not root.
    public let owner: Owner

    /// Opens the work directory; makes it, and each folder of it that is missing, where it may.
    ///
    /// - Parameters:
    ///   - given: `--work`; without it `DEVBOX_WORK`, else `~/devbox`, where under sudo `~` is the invoking user's.
    ///   - environment: the process's environment.
    ///   - mayMake: whether a directory that is none yet, or that is not there, becomes one. A mistyped name must not.
    /// - Throws: `notFound` where there is none and none may be made, `usage` where it is no directory, `needsRoot` for another user's.
    public init(given: String?, environment: [String: String], mayMake: Bool = true) throws {
        let invoker = Owner.invoking(environment)
        var path = Self.wantedPath(given: given, environment: environment)
        let isNone = Failure(
            .notFound, "\(path) is no work directory",
            hint: "name one with --work or DEVBOX_WORK; `devbox image build` makes it")
        if Files.exists(path) {
            path = try Self.resolve(path)
            let status = try Files.status(path)
            guard status.st_mode & S_IFMT == S_IFDIR else {
                throw Failure(.usage, "the work directory \(path) is not a directory")
            }
            try Self.check(path, owner: status.st_uid, user: geteuid())
            guard mayMake || Self.isOne(path) else { throw isNone }
            // One made by hand. With files of another kind in it, it may be something that others have to reach.
            if status.st_mode & 0o077 != 0, try Files.list(path).isEmpty { try Files.setMode(path, 0o700) }
            self.owner = Owner(uid: status.st_uid, gid: status.st_gid, home: invoker.home)
        } else {
            guard mayMake else { throw isNone }
            // One folder, and no tree: what is above it is more likely mistyped than wanted.
            try posix("make the work directory \(path)") { mkdir(path.string, 0o700) }
            if isRoot { try posix("own \(path)") { chown(path.string, invoker.uid, invoker.gid) } }
            path = try Self.resolve(path)
            self.owner = invoker
        }
        self.path = path
        for directory in [keys, locks, cache, records] { try own(directory, mode: 0o700) }
        // Closed by the work directory above them; an unprivileged QEMU reaches these through a mount of its own.
        for directory in [images, guests, layers, share] { try own(directory, mode: 0o755) }
        for store in StoreName.allCases { try own(share(store), mode: 0o755) }
        for name in Self.writableShares { try own(writableShare(name), mode: 0o755, by: guestOwner) }
    }

    /// Where the work directory is, or would be made; links in it are not resolved.
    public static func wantedPath(given: String?, environment: [String: String]) -> FilePath {
        let path = FilePath(given ?? environment["DEVBOX_WORK"] ?? "\(Owner.invoking(environment).home)/devbox")
        return (path.isAbsolute ? path : Files.currentDirectory.pushing(path)).lexicallyNormalized()
    }

    /// Whether devbox made this directory a work directory.
    public static func isOne(_ path: FilePath) -> Bool {
        marks(of: path).allSatisfy(Files.exists)
    }

    private static func resolve(_ path: FilePath) throws -> FilePath {
        guard let resolved = realpath(path.string, nil) else {
            throw failure("use the work directory \(path)", Errno(rawValue: errno))
        }
        defer { free(resolved) }
        return FilePath(platformString: resolved)
    }

    /// Throws where `user` may not use the work directory of `owner`: only root may use everybody's.
    static func check(_ path: FilePath, owner: uid_t, user: uid_t) throws {
        guard owner == user || user == 0 else {
            throw Failure(
                .needsRoot, "the work directory \(path) belongs to another user (uid \(owner))",
                hint: "name one of your own with --work or DEVBOX_WORK")
        }
    }

    /// Who guests' processes are on the host: the owner of the work directory, or, where that is root, the first of root's
    /// subordinate ids, so that no guest's process and no file that a guest writes ever belongs to the host's root.
    public var guestOwner: Owner {
        owner.uid != 0 ? owner : Owner(uid: Owner.firstSubordinate, gid: Owner.firstSubordinate, home: "/")
    }

    /// Makes a directory of the work directory where it is missing, owned as the rest is.
    public func own(_ directory: FilePath, mode: mode_t, by wanted: Owner? = nil) throws {
        if mkdir(directory.string, mode) == 0 {
            // mkdir(2) applies the umask.
            try Files.setMode(directory, mode)
            try give(directory, to: wanted ?? owner)
        } else if errno != EEXIST {
            throw failure("make the directory \(directory)", Errno(rawValue: errno))
        }
    }

    /// Takes a file back that a guest's process had, for the work directory's owner, root included.
    public func take(_ file: FilePath) throws {
        guard isRoot else { return }
        try posix("own \(file)") { lchown(file.string, owner.uid, owner.gid) }
    }

    /// Gives a file that root made to the one it belongs to; nothing where devbox does not run as root.
    public func give(_ file: FilePath, to wanted: Owner? = nil) throws {
        guard isRoot else { return }
        let owner = wanted ?? self.owner
        guard owner.uid != 0 else { return }
        try posix("own \(file)") { lchown(file.string, owner.uid, owner.gid) }
    }
}
