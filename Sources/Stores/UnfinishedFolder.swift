import DevboxCore
import Glibc
import SystemPackage

/// A folder that is being filled and will be renamed into place: it is either there as a whole, or not at all.
///
/// The folder itself is locked while it is filled, so that one which nobody locks was left by a killed devbox.
public struct UnfinishedFolder: ~Copyable {
    /// Where the files are put.
    public let path: FilePath
    private let descriptor: FileDescriptor
    /// How the name of each begins; no guest's and no image's does.
    static let prefix = ".new-"

    /// Makes the folder beside its later place.
    public init(for name: String, in directory: FilePath) throws {
        var attempt = 0
        while true {
            attempt += 1
            let path = directory.appending("\(Self.prefix)\(name)-\(getpid())-\(attempt)")
            if mkdir(path.string, 0o700) != 0 {
                // One that a killed devbox of the same process id left, or that `doctor` is just looking at.
                if errno == EEXIST, attempt < 100 { continue }
                throw failure("make the directory \(path)", Errno(rawValue: errno))
            }
            // Between two of these calls somebody may have taken it for abandoned.
            guard let descriptor = try? Files.open(path, .readOnly, .directory) else {
                if attempt < 100, !Files.exists(path) { continue }
                throw failure("open \(path)", Errno(rawValue: errno))
            }
            if flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0, Files.exists(path) {
                // Its user is to be able to remove what a killed sudo leaves.
                Files.inheritOwner(descriptor, in: directory)
                self.path = path
                self.descriptor = descriptor
                return
            }
            try? descriptor.close()
            rmdir(path.string)
        }
    }

    /// A folder of a command's own in cache/, which goes away with the value; what killed devboxes left there goes at once.
    public static func scratch(_ what: String, in work: WorkDirectory) throws -> UnfinishedFolder {
        try sweep(work.cache)
        return try UnfinishedFolder(for: what, in: work.cache)
    }

    /// Puts it into place under its name.
    ///
    /// - Throws: `exists`, where that name is taken.
    public consuming func finish(as final: FilePath) throws {
        try Files.syncDirectory(path)
        try Files.renameNew(path, to: final)
        try Files.syncDirectory(final.removingLastComponent())
    }

    deinit {
        // Renamed, it is not there under this name any more.
        try? Files.removeTree(path)
        try? descriptor.close()
    }
}

extension UnfinishedFolder {
    /// Removes what killed devboxes left in a directory; what is being filled stays.
    ///
    /// - Returns: the other names in the directory, sorted.
    @discardableResult
    public static func sweep(_ directory: FilePath) throws -> [String] {
        let names = try Files.list(directory)
        for name in names where isOne(name) { try? remove(abandoned: directory.appending(name)) }
        return names.filter { !isOne($0) }
    }

    /// What killed devboxes left in a directory: folders that nobody fills. They are told, and not removed.
    public static func abandoned(in directory: FilePath) throws -> [FilePath] {
        try Files.list(directory).filter(isOne).map { directory.appending($0) }.filter { path in
            withAbandoned(path) {} != nil
        }
    }

    /// Those of another user's that cannot be looked into, and whose devbox has ended: root's, where devbox ran under sudo. Nobody but
    /// they can tell by its lock, so that it goes by the process id in the name; one that is in use again is not told.
    public static func left(byOthers directory: FilePath) throws -> [FilePath] {
        try Files.list(directory).filter { isOne($0) && hasEnded($0) }.map { directory.appending($0) }.filter { path in
            access(path.string, R_OK) != 0 && errno == EACCES
        }
    }

    /// Whether the process that made a folder is gone, by the folder's name.
    static func hasEnded(_ name: String) -> Bool {
        let parts = name.split(separator: "-")
        guard parts.count >= 3, let process = pid_t(parts[parts.count - 2]), process > 0 else { return false }
        return kill(process, 0) != 0 && errno == ESRCH
    }

    /// Removes a folder unless somebody fills it.
    ///
    /// - Throws: where it cannot be removed; that it is in use is none.
    public static func remove(abandoned path: FilePath) throws {
        try withAbandoned(path) { try Files.removeTree(path) }
    }

    /// Removes a folder that is in its place. Its name is free at once, and killed on the way, the rest is what a sweep removes.
    public static func discard(_ path: FilePath) throws { try Files.removeTree(setAside(path)) }

    /// Frees the name of a folder that is to be removed.
    ///
    /// - Returns: where the folder is now; a sweep removes it.
    public static func setAside(_ path: FilePath) throws -> FilePath {
        let directory = path.removingLastComponent()
        let number = UInt64.random(in: .min ... .max)
        let aside = directory.appending("\(prefix)removed-\(String(number, radix: 36))")
        try Files.rename(path, to: aside)
        try Files.syncDirectory(directory)
        return aside
    }

    /// Whether an entry of a directory is such a folder, by its name.
    public static func isOne(_ name: String) -> Bool { name.hasPrefix(prefix) }

    /// Holds the folder's lock, which nobody else does, while `body` runs; nil where somebody fills it, or it is gone.
    @discardableResult
    private static func withAbandoned<T>(_ path: FilePath, _ body: () throws -> T) rethrows -> T? {
        guard let descriptor = try? Files.open(path, .readOnly, [.directory, .noFollow]) else { return nil }
        defer { try? descriptor.close() }
        guard flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 else { return nil }
        return try body()
    }
}
