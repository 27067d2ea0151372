import DevboxCore
import Dispatch
import Stores
import Synchronization
import SystemPackage

/// Verifies files and puts them into place while others are still coming, in a thread of its own: of a small file that takes longer
/// than its download. Where that thread does not keep up, the one that downloads helps.
///
/// A file without a record is what a kill leaves behind at most, and such a file is fetched anew.
final class PackagePlacer: Sendable {
    private let store: PackageStore
    private let queue = DispatchQueue(label: "devbox.placer")
    private let state = Mutex(State())

    private struct State {
        var waiting = 0
        var folders: [Architecture: Folder] = [:]
        var outcomes: [(index: Int, outcome: Attempt<PackageRecord>)] = []
        /// Those that are there.
        var placed: [(record: PackageRecord, line: [UInt8])] = []
        /// The parts that some of them were.
        var parts: [PartFile] = []
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
    /// - Parameters:
    ///   - index: what `finish` calls it.
    ///   - verify: its record. Throws where it is not what it must be.
    func add(_ file: Downloaded, index: Int, verify: @escaping @Sendable (Downloaded) throws -> PackageRecord) {
        let helps = state.withLock { state in
            if state.waiting == Self.most { return true }
            state.waiting += 1
            return false
        }
        if helps { return place(file, index, verify) }
        queue.async { [self] in
            place(file, index, verify)
            state.withLock { $0.waiting -= 1 }
        }
    }

    private func place(_ file: Downloaded, _ index: Int, _ verify: (Downloaded) throws -> PackageRecord) {
        let outcome = Attempt {
            let record = try verify(file)
            let line = PackageRecords.line(record)
            do {
                try store.place(file.file(), record, in: folder(record.architecture).folder)
            } catch {
                // A large one need not come again when what is wrong has been mended.
                if file.content != nil { file.part.remove() }
                throw error
            }
            state.withLock {
                $0.placed.append((record, line))
                if file.content == nil { $0.parts.append(file.part) }
            }
            return record
        }
        state.withLock { $0.outcomes.append((index, outcome)) }
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
    /// - Returns: what became of each.
    func finish() throws -> [(index: Int, outcome: Attempt<PackageRecord>)] {
        queue.sync {}
        let done = state.withLock { state in
            defer { state = State() }
            return state
        }
        // A sync waits for all these files too. Of many a power cut costs no more than another download.
        try PackageRecords.add(done.placed, in: store.work, isDurable: done.placed.count < 5)
        for part in done.parts { part.removeNotes() }
        return done.outcomes
    }
}
