import DevboxCore
import SystemPackage

/// The records of a store's entries, a file each where no guest can change it: records/<store>/<the entry's place>.json.
public struct RecordTree<Entry: StoredRecord>: Sendable {
    private let work: WorkDirectory

    /// - Parameter work: the work directory.
    public init(_ work: WorkDirectory) { self.work = work }

    private var folder: FilePath { work.records(Entry.store) }

    /// Where the record of an entry is; it need not exist.
    public func file(_ place: [String]) -> FilePath {
        guard let name = place.last else { return folder }
        return place.dropLast().reduce(folder) { $0.appending($1) }.appending("\(name).json")
    }

    /// The record of an entry; nil where there is none.
    ///
    /// - Throws: `badInput` for one that is damaged, or that a newer devbox wrote.
    public func read(_ place: [String]) throws -> Entry? {
        let file = file(place)
        return Files.exists(file) ? try RecordFile.read(Entry.self, from: file) : nil
    }

    /// Writes the record of an entry, in the place of an earlier one; it survives a power cut.
    public func write(_ entry: Entry) throws {
        var folder = folder
        try work.own(folder, mode: 0o700)
        for name in entry.place.dropLast() {
            folder.append(name)
            try work.own(folder, mode: 0o700)
        }
        try RecordFile.write(entry, to: file(entry.place))
        try work.give(file(entry.place))
    }

    /// Removes all records below a folder.
    public func removeAll(below names: [String]) throws {
        try Files.removeTree(names.reduce(folder) { $0.appending($1) })
    }

    /// The names of the folders or records directly below a folder, sorted.
    public func names(below names: [String] = []) throws -> [String] {
        try Files.list(names.reduce(folder) { $0.appending($1) }).filter { !$0.hasPrefix(".") }
    }

    /// All records below a folder, in the order of their names.
    ///
    /// - Parameters:
    ///   - names: the folder; that of the store without it.
    ///   - unreadable: told of each that cannot be read, or that is not where it says.
    public func all(below names: [String] = [], unreadable: (FilePath) -> Void) throws -> [Entry] {
        try self.names(below: names).flatMap { name -> [Entry] in
            if names.count + 1 < Entry.store.depth {
                let folder = (names + [name]).reduce(folder) { $0.appending($1) }
                guard try Files.isFolder(folder) else {
                    unreadable(folder)
                    return []
                }
                return try all(below: names + [name], unreadable: unreadable)
            }
            guard name.hasSuffix(".json") else { return [] }
            let place = names + [String(name.dropLast(5))]
            guard let entry = try? read(place), entry.place == place else {
                unreadable(file(place))
                return []
            }
            return [entry]
        }
    }
}
