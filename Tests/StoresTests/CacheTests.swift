import DevboxCore
import Glibc
import Stores
import SystemPackage
import TestSupport
import Testing

@Suite("Caches")
struct CacheTests {
    private let scratch: ScratchDirectory
    private let work: WorkDirectory

    init() throws {
        scratch = try ScratchDirectory()
        work = try WorkDirectory(given: scratch("work").string, environment: [:])
    }

    private func cache(_ bounds: CacheBounds = CacheBounds()) -> Cache { Cache(.depmod, in: work, keeping: bounds) }

    /// Puts entries there, the first one used longest ago, an hour after each other.
    private func fill(_ names: String..., size: Int = 1) throws {
        for (index, name) in names.enumerated() {
            try cache().keep([UInt8](repeating: 1, count: size), as: name)
            try age(name, hours: names.count - index)
        }
    }

    private func age(_ name: String, hours: Int) throws {
        try tool("touch", "-h", "-d", "\(hours) hours ago", cache().path(name).string)
    }

    private func names() throws -> [String] { try Files.list(cache().folder) }

    @Test("of too many what was used longest ago goes, and not what has just been used")
    func count() throws {
        try fill("a", "b", "c", "d")
        cache().use("a")
        try cache(CacheBounds(count: 2)).evict()
        #expect(try names() == ["a", "d"])
        try cache(CacheBounds(count: 2)).keep([1], as: "e")
        #expect(try names() == ["a", "e"])
    }

    @Test("of too many bytes the oldest go, folders with all that is in them counted")
    func bytes() throws {
        try fill("a", "b", "c", size: 8192)
        let folder = try cache().begin("f")
        for name in ["1", "2"] {
            try Files.writeAtomically([UInt8](repeating: 1, count: 8192), to: folder.path.appending(name))
        }
        try cache().finish(folder, as: "f")
        try age("f", hours: 4)
        // Room for all but one page: the folder is the oldest.
        let all = Files.sizeOnDisk(cache().folder) - (try Files.status(cache().folder).st_blocks).bytes
        try cache(CacheBounds(bytes: all - 1)).evict()
        #expect(try names() == ["a", "b", "c"])
        try cache(CacheBounds(bytes: 8192)).evict(keeping: "a")
        #expect(try names() == ["a"])
        try cache(CacheBounds(bytes: 1)).evict(keeping: "a")
        #expect(try names() == ["a"], "what is kept stays, however large")
    }

    @Test("what nobody used for a time goes, also what is no file")
    func age() throws {
        try fill("a", "b")
        let folder = try cache().begin("f")
        try cache().finish(folder, as: "f")
        for name in ["a", "f"] { try age(name, hours: 50) }
        try cache(CacheBounds(age: .seconds(2 * 86_400))).evict()
        #expect(try names() == ["b"])
    }

    @Test("finding a small entry counts as its use; one that is too large is none")
    func small() throws {
        try fill("a", "b", "c")
        #expect(cache().bytes("a") == [1])
        #expect(cache().bytes("x") == nil && cache().bytes("b", limit: 0) == nil)
        try cache(CacheBounds(count: 1)).evict()
        #expect(try names() == ["a"])
        #expect(try Files.status(cache().folder).st_mode & 0o777 == 0o700)
    }

    @Test("an entry that is not finished is none, and goes when its devbox was killed")
    func unfinished() throws {
        try cache().prepare()
        let left = cache().path(".new-x-1-1")
        try Files.makeDirectory(left)
        do {
            let folder = try cache().begin("f")
            try cache(CacheBounds(count: 0)).evict()
            #expect(try names() == [folder.path.lastComponent?.string])
            withExtendedLifetime(folder.path) {}
        }
        #expect(try names().isEmpty)
    }

    @Test("locks and temporary files of killed devboxes go after a day, unless somebody holds them")
    func rests() throws {
        try cache().prepare()
        for name in [".old.lock", ".held.lock", ".x.1.tmp", ".young.lock"] {
            try Files.writeAtomically([], to: cache().path(name))
            if !name.contains("young") { try age(name, hours: 30) }
        }
        let held = try FileLock(cache().path(".held.lock"), of: "it", for: "a test")
        try age(".held.lock", hours: 30)
        try cache().evict()
        #expect(try names() == [".held.lock", ".young.lock"])
        withExtendedLifetime(held.descriptor) {}
    }

    @Test("who makes an entry is waited for, and leaves no lock")
    func locks() throws {
        do {
            let lock = try cache().lock("a", of: "the entry a", for: "a test", patience: .zero)
            let error = reported { _ = try cache().lock("a", of: "the entry a", for: "more", patience: .zero) }
            #expect(
                error?.exitCode == .busy && error?.message.contains("the entry a is in use by devbox a test") == true)
            _ = try cache().lock("b", of: "the entry b", for: "a test", patience: .zero)
            withExtendedLifetime(lock) {}
        }
        #expect(try names().isEmpty)
        _ = try cache().lock("a", of: "the entry a", for: "a test", patience: .zero)
    }
}

extension Int {
    fileprivate var bytes: Int64 { Int64(self) * 512 }
}
