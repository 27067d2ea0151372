import DevboxCore
import Glibc
import SystemPackage

/// What killed devboxes leave of a store: entries that were not finished, and records that were being written.
public struct StoreLeftovers: LeftoverReporting {
    private let store: StoreName
    private let work: WorkDirectory

    /// - Parameters:
    ///   - store: the store that is looked through.
    ///   - work: the work directory that it is in.
    public init(_ store: StoreName, in work: WorkDirectory) { (self.store, self.work) = (store, work) }

    /// Entries that are being made are left out; records are as long as somebody writes one.
    public func leftovers(cleaning: Bool) throws -> [Leftover] {
        try folders(in: work.share(store), levels: store.depth).flatMap {
            try AbandonedFolders(in: $0).leftovers(cleaning: cleaning)
        } + temporaryFiles(cleaning: cleaning)
    }

    /// A folder with those below it that are no entries; no link is followed.
    private func folders(in folder: FilePath, levels: Int) throws -> [FilePath] {
        guard levels > 1 else { return [folder] }
        return try [folder]
            + Files.list(folder).filter { !$0.hasPrefix(".") }.map { folder.appending($0) }.filter(Self.isFolder)
            .flatMap {
                try folders(in: $0, levels: levels - 1)
            }
    }

    private static func isFolder(_ path: FilePath) -> Bool {
        (try? Files.status(path)).map { $0.st_mode & S_IFMT == S_IFDIR } ?? false
    }

    /// Who writes a record holds the store's lock: without another holder, what is there was left.
    private func temporaryFiles(cleaning: Bool) throws -> [Leftover] {
        guard let lock = try? FileLock(work.lock(.store(store)), of: store.words, for: "doctor", patience: .zero)
        else { return [] }
        defer { withExtendedLifetime(lock.descriptor) {} }
        let lines = work.recordLines(store)
        let ofLines = try Files.list(lines.removingLastComponent()).filter {
            Files.isTemporary($0) && $0.hasPrefix(".\(lines.lastComponent?.string ?? "").")
        }.map { lines.removingLastComponent().appending($0) }
        let found = try ofLines + temporaryFiles(in: work.records(store), levels: store.depth)
        return found.map { path in
            let leftover = Leftover(.temporaryFile, path)
            return cleaning ? leftover.cleaned { try Files.remove(path) } : leftover
        }
    }

    private func temporaryFiles(in folder: FilePath, levels: Int) throws -> [FilePath] {
        try folders(in: folder, levels: levels).flatMap { folder in
            try Files.list(folder).filter(Files.isTemporary).map { folder.appending($0) }
        }
    }
}

extension WorkDirectory {
    /// Who knows what killed devboxes leave in its stores and caches.
    public var storeLeftovers: [any LeftoverReporting] {
        let stores: [any LeftoverReporting] = StoreName.allCases.map { StoreLeftovers($0, in: self) }
        return stores + ([cache] + CacheName.allCases.map { cache($0) }).map { AbandonedFolders(in: $0) }
    }
}
