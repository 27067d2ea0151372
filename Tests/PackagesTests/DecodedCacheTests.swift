import DevboxCore
import Glibc
@testable import Packages
import SystemPackage
import TestSupport
import Testing

@Suite("The cache of decoded packages", .timeLimit(.minutes(10)))
struct DecodedCacheTests {
    private let builder: DebBuilder
    private let work: WorkDirectory

    init() throws {
        builder = try DebBuilder()
        work = try WorkDirectory(given: builder.scratch("work").string, environment: [:])
    }

    private func package(_ name: String, size: Int = 300_001) throws -> DebPackage {
        let control = DebBuilder.control.replacing("Package: sample", with: "Package: \(name)")
        let text = String(decoding: noise(size, seed: UInt64(name.utf8.count)).map { 97 + $0 % 26 }, as: UTF8.self)
        return try DebPackage(builder.packed("\(name).deb", control: control, files: ["etc/\(name)": text]))
    }

    /// Puts a package into the cache, as an installer does that checks it meanwhile.
    @discardableResult
    private func fill(_ cache: DecodedCache, _ package: DebPackage) throws -> DebPackage {
        var writer = try cache.begin(package, digest: package.digest())
        try DebCheck().run(package, sink: { writer.append($0) })
        return try writer.finish()
    }

    private func names() throws -> [String] { try Files.list(work.cache(.decodedPackages)) }

    @Test("hands out a package that dpkg takes, with the same control member and the same files")
    func content() throws {
        let cache = DecodedCache(work)
        let original = try package("one")
        let digest = try original.digest()
        #expect(cache.lookUp(digest) == nil)
        let made = try fill(cache, original)
        #expect(try names() == ["\(digest).deb"])
        let found = try #require(cache.lookUp(digest))
        #expect(found.path == made.path)
        #expect(found.dataMember.name == "data.tar")
        #expect(found.controlMember.name == original.controlMember.name)
        #expect(try Files.status(found.path).st_mode & 0o7777 == 0o644)
        #expect(try Files.status(cache.directory).st_mode & 0o7777 == 0o700)
        for option in ["-I", "-c"] {
            let shown = try [original.path, found.path].map { path in
                // The size of the file is one of the things that -I tells.
                try tool("dpkg-deb", option, path.string).split(separator: "\n").filter { !$0.hasPrefix(" size ") }
            }
            #expect(shown[0] == shown[1])
        }
        let digests = try [original.path, found.path].map {
            try tool("sh", "-c", "dpkg-deb --fsys-tarfile \($0) | sha256sum")
        }
        #expect(digests[0] == digests[1])
        try DebCheck().run(found)
    }

    @Test("what is not finished leaves nothing, whether it is dropped or its writer is killed")
    func interrupted() throws {
        let cache = DecodedCache(work)
        let original = try package("one")
        func begin() throws {
            var writer = try cache.begin(original, digest: original.digest())
            noise(100_000).withUnsafeBytes { writer.append($0) }
            #expect(try names().count == 1)
            #expect(try cache.lookUp(original.digest()) == nil)
        }
        try begin()
        #expect(try names() == [])
        // As a killed one leaves it: there, and locked by nobody.
        let left = cache.directory.appending(".new-x-1-1")
        try Files.makeDirectory(left)
        try Files.writeAtomically([1], to: left.appending("package.deb"))
        try fill(cache, original)
        #expect(try names() == ["\(original.digest()).deb"])
    }

    @Test("one that got too little or too much is not kept")
    func wrongSize() throws {
        let cache = DecodedCache(work)
        let original = try package("one")
        for extra in [-512, 512] {
            let size = try #require(original.decodedDataSize)
            let error = reported {
                var writer = try cache.begin(original, digest: original.digest())
                [UInt8](repeating: 0, count: Int(size) + extra).withUnsafeBytes { writer.append($0) }
                try writer.finish()
            }
            #expect(error?.message.contains("cannot keep the decoded ") == true)
            #expect(try names() == [])
        }
    }

    @Test("what was used longest ago goes first, and never what was just put in")
    func eviction() throws {
        let packages = try ["a", "bb", "ccc", "dddd"].map { try package($0, size: 1 << 20) }
        let digests = try packages.map { try $0.digest() }
        // Room for three of them.
        let cache = DecodedCache(work, sizeLimit: (7 << 20) / 2)
        for (index, package) in packages[..<3].enumerated() {
            let made = try fill(cache, package)
            age(made.path, to: 1000 + index)
        }
        #expect(cache.lookUp(digests[0]) != nil)
        try fill(cache, packages[3])
        #expect(digests.map { cache.lookUp($0) != nil } == [true, false, true, true])
        let small = DecodedCache(work, sizeLimit: 1)
        let open = try fill(small, packages[1])
        #expect(digests.map { cache.lookUp($0) != nil } == [false, true, false, false])
        // What is open stays readable when its name has gone.
        try fill(small, packages[2])
        #expect(!Files.exists(open.path))
        try DebCheck().run(open)
    }

    private func age(_ path: FilePath, to seconds: Int) {
        var times = [timespec(tv_sec: seconds, tv_nsec: 0), timespec(tv_sec: seconds, tv_nsec: 0)]
        utimensat(AT_FDCWD, path.string, &times, 0)
    }

    @Test("two that put the same in at the same time both succeed")
    func twoWriters() throws {
        let cache = DecodedCache(work)
        let original = try package("one")
        let digest = try original.digest()
        var first = try cache.begin(original, digest: digest)
        var second = try cache.begin(original, digest: digest)
        try DebCheck().run(
            original,
            sink: { chunk in
                first.append(chunk)
                second.append(chunk)
            })
        let one = try first.finish()
        let other = try second.finish()
        #expect(try names() == ["\(digest).deb"])
        try DebCheck().run(one)
        try DebCheck().run(other)
    }

    @Test("one that is not whole is not handed out, and goes", arguments: [0, 100, 200_000])
    func damaged(length: Int) throws {
        let cache = DecodedCache(work)
        let original = try package("one")
        let made = try fill(cache, original)
        truncate(made.path.string, length)
        #expect(try cache.lookUp(original.digest()) == nil)
        #expect(try names() == [])
    }

    @Test("a package that is not compressed is cached as well, and one of odd length is padded")
    func uncompressed() throws {
        let cache = DecodedCache(work)
        var tar = TarWriter()
        tar.add("./x", content: noise(1000))
        let path = try builder.deb(data: tar.finished + [0])
        let made = try fill(cache, DebPackage(path))
        #expect(made.dataMember.size % 2 == 1)
        #expect(try Files.status(made.path).st_size % 2 == 0)
        try DebCheck().run(made)
    }
}
