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
    public static let prefix = ".new-"

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
                self.path = path
                self.descriptor = descriptor
                return
            }
            try? descriptor.close()
            rmdir(path.string)
        }
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

    /// Removes a folder that nobody is filling.
    public static func removeIfAbandoned(_ path: FilePath) {
        guard let descriptor = try? Files.open(path, .readOnly, .directory) else { return }
        defer { try? descriptor.close() }
        if flock(descriptor.rawValue, LOCK_EX | LOCK_NB) == 0 { try? Files.removeTree(path) }
    }
}
