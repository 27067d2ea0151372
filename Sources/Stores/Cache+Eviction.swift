import DevboxCore
import Glibc
import SystemPackage

extension Cache {
    private struct Entry {
        let path: FilePath
        /// In nanoseconds since 1970.
        let used: Int64
        let bytes: Int64
    }

    /// Removes what was used longest ago, until all bounds are kept. Who has a removed file open reads on undisturbed.
    ///
    /// - Parameter kept: an entry that stays in any case.
    public func evict(keeping kept: String? = nil) throws {
        let names = try Files.list(folder)
        try Self.evict(names.filter { !$0.hasPrefix(".") }, in: folder, bounds, keeping: kept)
        removeRests(names)
    }

    /// Removes of some entries what was used longest ago, until all bounds are kept.
    ///
    /// - Parameters:
    ///   - names: the entries that the bounds are for, of those in `folder`.
    ///   - kept: one that stays in any case.
    public static func evict(
        _ names: [String], in folder: FilePath, _ bounds: CacheBounds, keeping kept: String? = nil
    ) throws {
        let entries = names.compactMap { entry(folder.appending($0), measuring: bounds.bytes != nil) }
        var (count, bytes) = (entries.count, entries.reduce(0) { $0 + $1.bytes })
        let oldest = bounds.age.map { now - $0.components.seconds * 1_000_000_000 } ?? .min
        for entry in entries.sorted(by: { $0.used < $1.used }) where entry.path.lastComponent?.string != kept {
            guard entry.used < oldest || count > bounds.count ?? .max || bytes > bounds.bytes ?? .max else { return }
            try remove(entry.path)
            count -= 1
            bytes -= entry.bytes
        }
    }

    private static var now: Int64 {
        var now = timespec()
        clock_gettime(CLOCK_REALTIME, &now)
        return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
    }

    /// Nil for one that another devbox has removed meanwhile.
    private static func entry(_ path: FilePath, measuring: Bool) -> Entry? {
        guard let status = try? Files.status(path) else { return nil }
        let bytes = measuring ? Files.sizeOnDisk(path) : 0
        return Entry(path: path, used: status.modifiedNanoseconds, bytes: bytes)
    }

    /// A folder goes at once, so that nobody finds a part of it.
    private static func remove(_ path: FilePath) throws {
        do {
            guard try Files.status(path).st_mode & S_IFMT == S_IFDIR else { return try Files.remove(path) }
            try UnfinishedFolder.discard(path)
        } catch let error as Failure where error.exitCode == .notFound {
            // Another devbox was quicker.
        }
    }

    /// Locks and temporary files of killed devboxes are in nobody's way, and go after a day.
    private func removeRests(_ names: [String]) {
        let oldest = Self.now - 86_400 * 1_000_000_000
        for name in names where name.hasPrefix(".") {
            guard let file = try? Files.open(path(name), .readOnly, .noFollow) else { continue }
            defer { try? file.close() }
            var status = stat()
            guard fstat(file.rawValue, &status) == 0, status.st_mode & S_IFMT == S_IFREG,
                status.modifiedNanoseconds < oldest, flock(file.rawValue, LOCK_EX | LOCK_NB) == 0
            else { continue }
            try? Files.remove(path(name))
        }
    }
}
