import DevboxCore
import Glibc
import SystemPackage

/// What devbox keeps for all guests below a folder of share/, and what it must be, in records that no guest can change.
///
/// An entry is there when it and its record are, and when it is as large as it was: one without the other, which a kill may leave, counts
/// nothing. Nothing in the share is trusted: no link is followed on the way to an entry.
public struct SharedStore<Entry: StoredRecord>: Sendable {
    /// The work directory.
    public let work: WorkDirectory
    /// The records of those stores that have a file for each.
    public let records: RecordTree<Entry>

    /// - Parameter work: the work directory.
    public init(_ work: WorkDirectory) {
        self.work = work
        records = RecordTree(work)
    }

    /// Its folder on the host.
    public var folder: FilePath { work.share(Entry.store) }
    /// Where something below its folder is on the host.
    public func path(_ names: [String]) -> FilePath { names.reduce(folder) { $0.appending($1) } }
    /// An entry on the host.
    public func path(of entry: Entry) -> FilePath { path(entry.place) }
    /// The same as guests see it.
    public static func guestPath(of entry: Entry) -> String {
        entry.place.reduce(Entry.store.guestPath) { $0.appending($1) }.string
    }

    /// A folder below its own; nil where it is not there.
    public func open(_ names: some Sequence<String>) throws -> ShareFolder? {
        try ShareFolder(folder, in: work).folder(names)
    }

    /// The file that an entry is known by, open at its start; nil where it is not there any more, or is not what it was.
    ///
    /// - Parameter digesting: whether its digest is looked at too, and not its size alone. One that has none is not what it was.
    public func open(_ entry: Entry, digesting: Bool) throws -> FileDescriptor? {
        let names = try place(of: entry) + [entry.content.name].compactMap { $0 }
        guard let name = names.last, let folder = try open(names.dropLast()), let file = try folder.open(name) else {
            return nil
        }
        var isIntact = false
        defer { if !isIntact { try? file.close() } }
        var status = stat()
        guard fstat(file.rawValue, &status) == 0, Int64(status.st_size) == entry.content.size else { return nil }
        if digesting {
            guard try SHA256Digest(of: file, name: path(names).string) == entry.content.sha256 else { return nil }
            lseek(file.rawValue, 0, SEEK_SET)
        }
        isIntact = true
        return file
    }

    /// Whether an entry is there.
    ///
    /// - Parameter digesting: as above.
    public func has(_ entry: Entry, digesting: Bool = false) throws -> Bool {
        guard let file = try open(entry, digesting: digesting) else { return false }
        try? file.close()
        return true
    }

    /// The names on the way to an entry, none of which leads elsewhere.
    public func place(of entry: Entry) throws -> [String] {
        let place = entry.place
        guard place.count == Entry.store.depth, place.allSatisfy(Self.isPlain) else {
            throw Failure(
                .badInput,
                "a record of \(folder) names something elsewhere: \(Names.printable(place.joined(separator: "/")))")
        }
        return place
    }

    private static func isPlain(_ name: String) -> Bool {
        !name.isEmpty && name != "." && name != ".." && !name.utf8.contains { $0 == 0 || $0 == UInt8(ascii: "/") }
    }

    /// Removes what killed devboxes left in a folder below its own.
    public func sweep(below names: [String]) throws {
        if try open(names) != nil { try UnfinishedFolder.sweep(path(names)) }
    }

    /// Holds the store's records.
    public func lock(for purpose: String) throws -> FileLock {
        try FileLock(work.lock(.store(Entry.store)), of: Entry.store.words, for: purpose)
    }
}

extension SharedStore {
    /// Begins an entry that is a folder. It is gone again when the value goes away without `finish`.
    ///
    /// - Parameters:
    ///   - what: what it is called until then.
    ///   - names: the folders that it will lie in, made where they are missing.
    public func begin(_ what: String, below names: [String] = []) throws -> UnfinishedFolder {
        // Not through a link, whoever may have put one there.
        var folder = try ShareFolder(folder, in: work)
        for name in names { folder = try folder.making(name) }
        try UnfinishedFolder.sweep(path(names))
        return try UnfinishedFolder(for: what, in: path(names))
    }

    /// Records a folder and puts it into place, instead of one that is there. It belongs to the work directory's owner then, and all
    /// may read it.
    ///
    /// The rename decides. Where it cannot be done, what was there stays with its record; a kill leaves an `UnfinishedFolder`.
    public func finish(_ unfinished: consuming UnfinishedFolder, as entry: Entry) throws {
        let final = path(try place(of: entry))
        try Files.setMode(unfinished.path, 0o755)
        try work.giveTree(unfinished.path)
        let before = try? records.read(entry.place)
        // At no moment is a folder there with another one's record: that would say of it what it is not.
        let old = Files.exists(final) ? try UnfinishedFolder.setAside(final) : nil
        do {
            try records.write(entry)
            try unfinished.finish(as: final)
        } catch {
            if let before { try? records.write(before) } else { try? Files.remove(records.file(entry.place)) }
            if let old { try? Files.rename(old, to: final) }
            throw error
        }
        if let old { try Files.removeTree(old) }
    }

    /// Removes an entry; one that is not there is fine. Of one that is a file the folders go too that are empty without it.
    ///
    /// - Parameter record: what is known from then on; nil where that stays as it is.
    public func remove(_ entry: Entry, leaving record: Entry? = nil) throws {
        var names = try place(of: entry)
        guard let name = names.popLast(), let folder = try open(names) else { return }
        guard entry.content.name == nil else {
            let aside = Files.exists(path(of: entry)) ? try UnfinishedFolder.setAside(path(of: entry)) : nil
            if let record { try records.write(record) }
            if let aside { try Files.removeTree(aside) }
            return
        }
        try folder.remove(name)
        if let record { try records.write(record) }
        while !names.isEmpty, rmdir(path(names).string) == 0 { names.removeLast() }
    }
}

extension StoreName {
    /// What its lock is of.
    var words: String {
        switch self {
        case .packages: "the records of packages"
        case .debug: "the debug store"
        case .dumps: "the dumps"
        }
    }
}

extension WorkDirectory {
    /// Gives a folder that root made, with all that is in it, to the work directory's owner.
    func giveTree(_ folder: FilePath) throws {
        guard isRoot, owner.uid != 0 else { return }
        try give(folder)
        for name in try Files.list(folder) {
            let path = folder.appending(name)
            if try Files.status(path).st_mode & S_IFMT == S_IFDIR { try giveTree(path) } else { try give(path) }
        }
    }
}
