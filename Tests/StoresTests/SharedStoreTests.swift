import DevboxCore
import Glibc
import Stores
import SystemPackage
import TestSupport
import Testing

/// What a store of folders keeps, for tests: the dumps' place.
private struct Entry: StoredRecord {
    static let currentVersion = 1
    static let store = StoreName.dumps
    var version = Self.currentVersion
    var guest = "bug-1"
    var name: String
    var size: Int64
    var sha256: SHA256Digest?

    var place: [String] { [guest, name] }
    var content: StoredContent { StoredContent("vmcore", size: size, sha256: sha256) }
    enum Keys: String, CodingKey, CaseIterable { case version, guest, name, size, sha256 }
}

/// What a store of files keeps: the packages' place.
private struct FileEntry: StoredRecord {
    static let currentVersion = 1
    static let store = StoreName.packages
    var version = Self.currentVersion
    var place: [String]
    var size: Int64 = 5
    var content: StoredContent { StoredContent(size: size, sha256: SHA256Digest(of: "whole".utf8)) }
    enum Keys: String, CodingKey, CaseIterable { case version, place, size }
}

/// Refuses to be written while an entry is in its place.
private struct Wary: StoredRecord {
    static let currentVersion = 1
    static let store = StoreName.dumps
    var version = Self.currentVersion
    var folder: String
    var place: [String] { ["bug-1", "one"] }
    var content: StoredContent { StoredContent("vmcore", size: 5, sha256: nil) }
    enum Keys: String, CodingKey, CaseIterable { case version, folder }

    func encode(to encoder: any Encoder) throws {
        if Files.exists(FilePath(folder)) { throw Failure(.failure, "the old one is still there") }
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(version, forKey: .version)
        try container.encode(folder, forKey: .folder)
    }
}

@Suite("What lies under share/ with a record outside it")
struct SharedStoreTests {
    private let scratch: ScratchDirectory
    private let work: WorkDirectory
    private let store: SharedStore<Entry>

    init() throws {
        scratch = try ScratchDirectory()
        work = try WorkDirectory(given: scratch("work").string, environment: [:])
        store = SharedStore(work)
    }

    @discardableResult
    private func add(_ name: String, _ text: String = "whole") throws -> Entry {
        let folder = try store.begin("dump", below: ["bug-1"])
        try Files.writeAtomically(Array(text.utf8), to: folder.path.appending("vmcore"), mode: 0o644)
        let entry = Entry(name: name, size: Int64(text.utf8.count), sha256: SHA256Digest(of: text.utf8))
        try store.finish(folder, as: entry)
        return entry
    }

    @Test("an entry that is finished is there with its record, for all to read, and where guests see it")
    func finish() throws {
        let entry = try add("one")
        let path = work.share.pushing("dumps/bug-1/one")
        #expect(store.path(of: entry) == path)
        #expect(SharedStore.guestPath(of: entry) == "/work/dumps/bug-1/one")
        #expect(try Files.text(path.appending("vmcore")) == "whole")
        #expect(try Files.status(path).st_mode & 0o777 == 0o755)
        #expect(try store.has(entry) && store.has(entry, digesting: true))
        #expect(try store.records.read(["bug-1", "one"])?.sha256 == entry.sha256)
        #expect(Files.exists(work.records.pushing("dumps/bug-1/one.json")))
        #expect(try Files.list(path.removingLastComponent()) == ["one"])
    }

    @Test("what was changed is not there: its size tells, or its digest")
    func changed() throws {
        let entry = try add("one")
        let file = store.path(of: entry).appending("vmcore")
        try Files.writeAtomically(Array("evil!".utf8), to: file)
        #expect(try store.has(entry) && !store.has(entry, digesting: true))
        try Files.writeAtomically(Array("longer".utf8), to: file)
        #expect(try !store.has(entry))
        try Files.remove(file)
        #expect(try !store.has(entry))
    }

    @Test("no link is followed, neither to an entry nor to its file")
    func links() throws {
        let entry = try add("one")
        let folder = store.path(of: entry)
        try scratch.write("whole", to: "elsewhere/vmcore")
        try Files.remove(folder.appending("vmcore"))
        symlink(scratch("elsewhere/vmcore").string, folder.appending("vmcore").string)
        #expect(try !store.has(entry))
        try Files.removeTree(folder)
        symlink(scratch("elsewhere").string, folder.string)
        #expect(reported { _ = try store.has(entry) }?.message.contains("symbolic link") == true)
        try Files.removeTree(folder.removingLastComponent())
        symlink(scratch("elsewhere").string, folder.removingLastComponent().string)
        #expect(reported { try add("two") }?.message.contains(store.folder.string) == true)
        #expect(try Files.list(scratch("elsewhere")) == ["vmcore"])
    }

    @Test("another one in the place of an entry replaces it as a whole")
    func replaced() throws {
        let first = try add("one")
        try Files.writeAtomically([], to: store.path(of: first).appending("old"))
        let second = try add("one", "other")
        #expect(try Files.list(store.path(of: second)) == ["vmcore"])
        #expect(try store.has(second, digesting: true) && !store.has(first, digesting: true))
        #expect(try Files.list(store.path(["bug-1"])) == ["one"])
    }

    @Test("at no moment is an entry there with the record of the one that takes its place")
    func order() throws {
        let first = try add("one")
        let wary = SharedStore<Wary>(work)
        let folder = try wary.begin("dump", below: ["bug-1"])
        try Files.writeAtomically(Array("other".utf8), to: folder.path.appending("vmcore"), mode: 0o644)
        try wary.finish(folder, as: Wary(folder: store.path(of: first).string))
        #expect(try Files.text(store.path(of: first).appending("vmcore")) == "other")
    }

    @Test("where the record of another one cannot be written, the entry stays, and nothing lies beside it")
    func unwritable() throws {
        let first = try add("one")
        let record = store.records.file(first.place)
        try Files.remove(record)
        try Files.makeDirectory(record.appending("x"))
        #expect(reported { try add("one", "other") } != nil)
        #expect(try Files.text(store.path(of: first).appending("vmcore")) == "whole")
        #expect(try Files.list(store.path(["bug-1"])) == ["one"])
    }

    @Test("a removed entry is gone, and what is known of it is what is left")
    func remove() throws {
        let entry = try add("one")
        var known = entry
        known.size = 7
        try store.remove(entry, leaving: known)
        #expect(try !store.has(entry))
        #expect(try store.records.read(entry.place)?.size == 7)
        #expect(try Files.list(store.path(["bug-1"])).isEmpty)
        try store.remove(entry)
    }

    @Test("a file goes with the folders that are empty without it")
    func files() throws {
        let packages = SharedStore<FileEntry>(work)
        let entries = ["b", "c"].map { FileEntry(place: ["amd64", "a", $0, "a.deb"]) }
        for entry in entries {
            try scratch.write("whole", to: "file")
            try ShareFolder(packages.folder, in: work).making("amd64").making("a").making(entry.place[2])
                .take(scratch("file"), as: "a.deb")
            #expect(try packages.has(entry, digesting: true))
        }
        try packages.remove(entries[0])
        #expect(try Files.list(packages.path(["amd64", "a"])) == ["c"])
        try packages.remove(entries[1])
        #expect(try Files.list(packages.folder).isEmpty)
    }

    @Test("a record that names something elsewhere is refused", arguments: ["..", "a/b", "", "."])
    func elsewhere(name: String) throws {
        let entry = Entry(name: name, size: 1, sha256: nil)
        #expect(reported { _ = try store.has(entry) }?.exitCode == .badInput)
        #expect(reported { try store.remove(entry) }?.exitCode == .badInput)
    }

    @Test("records that cannot be read, or are not where they say, are told, and the others count")
    func damaged() throws {
        let entries = try ["one", "two"].map { try add($0) }
        let folder = work.records.pushing("dumps/bug-1")
        try Files.writeAtomically(Array("{".utf8), to: folder.appending("bad.json"))
        try RecordFile.write(entries[0], to: folder.appending("other.json"))
        try Files.writeAtomically([], to: folder.appending(".one.json.1.tmp"))
        var told: [String?] = []
        let known = try store.records.all { told.append($0.lastComponent?.string) }
        #expect(known.map(\.name) == ["one", "two"])
        #expect(told == ["bad.json", "other.json"])
        #expect(reported { _ = try store.records.read(["bug-1", "bad"]) }?.exitCode == .badInput)
        #expect(try store.records.read(["bug-1", "three"]) == nil)
    }

    @Test("a file where folders are expected is told, and keeps nobody from the records")
    func strayFile() throws {
        try add("one")
        try Files.writeAtomically([], to: work.records.pushing("dumps/stray.json"))
        var told: [String?] = []
        #expect(try store.records.all { told.append($0.lastComponent?.string) }.map(\.name) == ["one"])
        #expect(told == ["stray.json"])
    }

    @Test("a folder that cannot be made is no folder that is missing")
    func notMade() throws {
        try Files.makeDirectory(store.folder)
        // A name too long for any file system.
        let error = reported { _ = try ShareFolder(store.folder, in: work).making(String(repeating: "x", count: 300)) }
        #expect(error?.exitCode == .failure && error?.message.contains("too long") == true, "\(error?.message ?? "")")
    }
}

@Suite("What killed devboxes leave of a store")
struct StoreLeftoverTests {
    private let scratch: ScratchDirectory
    private let work: WorkDirectory

    init() throws {
        scratch = try ScratchDirectory()
        work = try WorkDirectory(given: scratch("work").string, environment: [:])
    }

    @Test(
        "unfinished entries are found as deep as they lie, and cleaned away",
        arguments: [
            (StoreName.debug, "debug/.new-debug-1-1"), (.dumps, "dumps/bug-1/.new-dump-1-1"),
            (.dumps, "dumps/.new-removed-x"), (.packages, "packages/amd64/ltp/1/.new-x-1-1"),
        ])
    func entries(store: StoreName, place: String) throws {
        let folder = work.share.pushing(FilePath(place))
        try Files.makeDirectory(folder.appending("modules"))
        let reporter = StoreLeftovers(store, in: work)
        #expect(try reporter.leftovers(cleaning: false) == [Leftover(.unfinishedFolder, folder)])
        #expect(try reporter.leftovers(cleaning: true).map(\.isCleaned) == [true])
        #expect(!Files.exists(folder) && Files.exists(folder.removingLastComponent()))
        #expect(try reporter.leftovers(cleaning: true).isEmpty)
    }

    @Test("an entry that is being made is neither told nor touched, and entries are not looked into")
    func inUse() throws {
        let alive = try UnfinishedFolder(for: "debug", in: work.share(.debug))
        try Files.makeDirectory(work.share(.debug).pushing("abcd/.new-not-ours"))
        #expect(try StoreLeftovers(.debug, in: work).leftovers(cleaning: true).isEmpty)
        #expect(Files.exists(alive.path) && Files.exists(work.share(.debug).pushing("abcd/.new-not-ours")))
    }

    @Test("records that were being written are found, unless somebody writes one now")
    func temporaryRecords() throws {
        let files = ["dumps/bug-1/.x.json.1.tmp", "dumps/.y.1.tmp"].map { work.records.pushing(FilePath($0)) }
        let lines = work.records.appending(".packages.jsonl.1.tmp")
        try Files.makeDirectory(work.records.pushing("dumps/bug-1"))
        for file in files + [lines] { try Files.writeAtomically([], to: file) }
        let dumps = StoreLeftovers(.dumps, in: work)
        do {
            let lock = try FileLock(work.lock(.store(.dumps)), of: "the dumps", for: "a test")
            #expect(try dumps.leftovers(cleaning: true).isEmpty)
            withExtendedLifetime(lock.descriptor) {}
        }
        #expect(try Set(dumps.leftovers(cleaning: true).map(\.path)) == Set(files.map(\.string)))
        #expect(try StoreLeftovers(.packages, in: work).leftovers(cleaning: true).map(\.path) == [lines.string])
        for file in files + [lines] { #expect(!Files.exists(file)) }
    }
}
