import DevboxCore
import Dispatch
import Synchronization
import SystemPackage

/// Puts verified files into place while others are still coming, in a thread of its own: of a small file that takes longer than its
/// download. Where that thread does not keep up, the one that downloads helps.
///
/// A file without a record is what a kill leaves behind at most, and such a file is fetched anew.
final class PackagePlacer: Sendable {
    private let store: PackageStore
    private let queue = DispatchQueue(label: "devbox.placer")
    private let state = Mutex(State())

    private struct State {
        var waiting = 0
        var folders: [Architecture: Folder] = [:]
        var placed: [(file: Downloaded, record: PackageRecord, line: [UInt8])] = []
        var failures: [(index: Int, error: any ReportableError)] = []
    }

    private final class Folder: Sendable {
        let folder: ShareFolder
        init(_ folder: consuming ShareFolder) { self.folder = folder }
    }

    /// So many files wait for the thread at most; small ones are in memory.
    private static let most = 8

    init(_ store: PackageStore) { self.store = store }

    /// Puts a file where its record says, or has that done.
    ///
    /// - Parameter index: what `finish` calls it.
    /// - Throws: where the record cannot be written as text.
    func add(_ file: Downloaded, _ record: PackageRecord, index: Int) throws {
        // Here, because the thread has more to do than who downloads.
        let line = try PackageRecords.line(record)
        let helps = state.withLock { state in
            if state.waiting == Self.most { return true }
            state.waiting += 1
            return false
        }
        if helps { return place(file, record, line, index) }
        queue.async { [self] in
            place(file, record, line, index)
            state.withLock { $0.waiting -= 1 }
        }
    }

    private func place(_ file: Downloaded, _ record: PackageRecord, _ line: [UInt8], _ index: Int) {
        do {
            try store.place(file.file(), record, in: folder(record.architecture).folder)
            state.withLock { $0.placed.append((file, record, line)) }
        } catch {
            // A large one need not come again when what is wrong has been mended.
            if file.content != nil { file.part.remove() }
            let error = error as? any ReportableError ?? Failure(.failure, "\(error)")
            state.withLock { $0.failures.append((index, error)) }
        }
    }

    private func folder(_ architecture: Architecture) throws -> Folder {
        try state.withLock { state in
            if let known = state.folders[architecture] { return known }
            let folder = Folder(try store.folder(architecture))
            state.folders[architecture] = folder
            return folder
        }
    }

    /// Waits until all are in place, and records them.
    ///
    /// - Returns: those that could not be put there.
    func finish() throws -> [(index: Int, error: any ReportableError)] {
        queue.sync {}
        let (placed, failures) = state.withLock { state in
            defer { state = State() }
            return (state.placed, state.failures)
        }
        // A sync waits for all these files too. Of many a power cut costs no more than another download.
        try PackageRecords.add(placed.map { ($0.record, $0.line) }, in: store.work, isDurable: placed.count < 5)
        for (file, _, _) in placed { file.isNoPartAnyMore() }
        return failures
    }
}
