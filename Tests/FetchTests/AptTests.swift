import DevboxCore
import Foundation
import HostTools
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

@Suite("apt repositories", .timeLimit(.minutes(10)))
struct AptTests {
    let bed: FetchBed
    let key: TestKey

    init() throws {
        bed = try FetchBed()
        key = try TestKey(in: bed.scratch, name: "archive")
    }

    private func digest(_ file: FilePath) throws -> String { try SHA256Digest(of: file).description }

    /// Writes a repository with a kernel, its debug package and a lot of others.
    private func repository(
        compression: String = "xz", byHash: Bool = false, validUntil: String = "Fri, 21 Nov 2036 08:15:36 UTC",
        filler: Int = 50,
        signedBy: TestKey? = nil, filename: String = "pool/linux-image-6.1.0-30-amd64_6.1.124-1_amd64.deb"
    ) throws {
        var text = ""
        func add(_ name: String, _ seed: UInt64, path: String) throws {
            let content = FetchBed.deb(seed)
            if !path.contains("..") { try bed.publish(path, content, sums: false) }
            let file = bed.scratch("content")
            try Files.writeAtomically(content, to: file)
            text += """
                Package: \(name)
                Architecture: amd64
                Version: 6.1.124-1
                Filename: \(path)
                Size: \(content.count)
                SHA256: \(try digest(file))
                Description: a package
                 Package: linux-image-6.1.0-30-amd64
                 .


                """.replacingOccurrences(of: "\n\n\n", with: "\n\n")
        }
        for number in 0..<filler {
            text +=
                "Package: filler-\(number)\nArchitecture: amd64\nVersion: 1\nDescription: \(String(repeating: "x", count: 600))\n\n"
        }
        try add("linux-image-6.1.0-30-amd64", 1, path: filename)
        try add("linux-image-6.1.0-30-amd64-dbg", 2, path: "pool/linux-image-6.1.0-30-amd64-dbg_6.1.124-1_amd64.deb")
        let folder = "dists/bookworm/main/binary-amd64"
        try bed.publish("\(folder)/Packages", Array(text.utf8), sums: false)
        let plain = bed.root.pushing(FilePath("\(folder)/Packages"))
        try tool(compression == "gz" ? "gzip" : compression, "-kf", plain.string)
        let packed = FilePath("\(plain).\(compression)")
        var release = "Origin: test\nSuite: bookworm\nDate: Sat, 21 Nov 2026 08:15:36 UTC\nValid-Until: \(validUntil)\n"
        if byHash { release += "Acquire-By-Hash: yes\n" }
        release += "SHA256:\n"
        for file in [plain, packed] {
            release +=
                " \(try digest(file)) \(try Files.status(file).st_size) main/binary-amd64/\(file.lastComponent?.string ?? "")\n"
        }
        if byHash {
            try bed.publish("\(folder)/by-hash/SHA256/\(try digest(packed))", try Files.read(packed), sums: false)
            try Files.remove(packed)
        }
        try Files.remove(plain)
        try bed.publish(
            "dists/bookworm/InRelease", try (signedBy ?? key).clearSign(release, in: bed.scratch), sums: false)
    }

    private func settings(_ root: String) throws {
        try bed.settings(
            "sources:\n  kernels:\n    kind: apt\n    root: \(root)\n    suite: bookworm\n    keyring: \(key.armoured)\n"
        )
    }

    private func find(_ debug: Bool = false, fetcher: Fetcher? = nil) throws -> [Build] {
        let query = BuildQuery(package: "linux-image-6.1.0-30-amd64", architecture: .amd64)
        return try (fetcher ?? bed.fetcher()).find(query, withDebug: debug)
    }

    @Test(
        "a package and its debug package, by name and version, from a signed repository", arguments: ["xz", "gz"],
        [false, true])
    func fetch(compression: String, byHash: Bool) throws {
        try repository(compression: compression, byHash: byHash)
        let server = try WebServer(.nginx, root: bed.root, in: bed.scratch)
        try settings(server.address)
        let fetcher = try bed.fetcher()
        let builds = try find(true, fetcher: fetcher)
        #expect(builds.map(\.package) == ["linux-image-6.1.0-30-amd64", "linux-image-6.1.0-30-amd64-dbg"])
        let filed = try #require(builds[0].date)
        #expect(builds[0].words == "6.1.124-1, filed \(filed)", "an index has no day of a build")
        let fetched = try fetcher.fetch(builds).map { try $0.get() }
        #expect(try Files.read(fetcher.path(fetched[0].record)) == FetchBed.deb(1))
        #expect(try Files.read(fetcher.path(fetched[1].record)) == FetchBed.deb(2))
        #expect(fetched.allSatisfy { $0.record.isSigned && $0.record.verifiedBy == "the signed apt index" })
        #expect(try server.log().contains { $0.contains("/by-hash/SHA256/") } == byHash)
        // Nor is a package, though its server tells another day now.
        try tool("touch", "-d", "2026-11-01", bed.root.appending("pool/\(builds[0].address.name)").string)
        #expect(try bed.fetch("linux-image-6.1.0-30-amd64").wasThere)
        // The index is not fetched again as long as InRelease names the same.
        let before = try server.log().filter { $0.contains("binary-amd64") }.count
        #expect(try bed.fetch("linux-image-6.1.0-30-amd64").wasThere)
        #expect(try server.log().filter { $0.contains("binary-amd64") }.count == before)
    }

    @Test("a folder is a repository too, and another version is not found")
    func folder() throws {
        try repository()
        try settings(bed.root.string)
        #expect(try find().count == 1)
        var query = BuildQuery(package: "linux-image-6.1.0-30-amd64", architecture: .amd64)
        query.version = "6.1.999-1"
        #expect(reported { _ = try bed.fetcher().find(query) }?.exitCode == .notFound)
        query = BuildQuery(package: "filler", architecture: .amd64)
        #expect(reported { _ = try bed.fetcher().find(query) }?.exitCode == .notFound)
    }

    @Test(
        "a source of one's own that fails, or is not to be trusted, is not replaced by the machine's",
        arguments: [false, true])
    func notReplaced(isDamaged: Bool) throws {
        try repository()
        let environment = try bed.apt("deb [signed-by=\(key.keyring)] file:\(bed.root) bookworm main\n", folder: "apt")
        _ = try runner.run(Command(AptGet.program, ["update"], environment: environment), limit: .seconds(60))
        let port = try RawServer.freePort()
        let own = try bed.scratch.write("-----BEGIN PGP SIGNED MESSAGE-----\n", to: "own/dists/bookworm/InRelease")
        try settings(isDamaged ? bed.scratch("own").string : "http://127.0.0.1:\(port)")
        #expect(Files.exists(own))
        let error = try #require(reported { _ = try find(fetcher: bed.fetcher(apt: environment)) })
        #expect(error.exitCode == (isDamaged ? .badInput : .failure), "\(error.message)")
        let query = BuildQuery(package: "linux-image-6.1.0-30-amd64", architecture: .amd64)
        #expect(try bed.fetcher(apt: environment).find(query, source: "apt").count == 1)
    }

    private func refused(_ words: String) throws {
        let error = try #require(reported { _ = try find() })
        #expect(error.exitCode == .badInput)
        #expect(error.message.contains(words), "\(error.message)")
    }

    @Test("an InRelease that another key signed, that was changed, has no signature, or is out of date: 65")
    func untrusted() throws {
        try settings(bed.root.string)
        let other = try TestKey(in: bed.scratch, name: "other")
        try repository(signedBy: other)
        try refused("which is not in the keyring")
        try repository(validUntil: "Fri, 20 Nov 2026 08:15:36 UTC")
        try refused("was valid until 2026-11-20T08:15:36Z only")
        try repository()
        let file = bed.root.appending("dists/bookworm/InRelease")
        let text = try Files.text(file)
        try Files.writeAtomically(
            Array(text.replacingOccurrences(of: "Origin: test", with: "Origin: fake").utf8), to: file)
        try refused("archive@example.org): it was changed after it was signed")
        try Files.writeAtomically(Array("Origin: test\nSHA256:\n".utf8), to: file)
        try refused("has no signature")
    }

    @Test("what stands around the signed text of an InRelease does not count")
    func around() throws {
        try settings(bed.root.string)
        try repository()
        let file = bed.root.appending("dists/bookworm/InRelease")
        let fake = "SHA256:\n \(String(repeating: "0", count: 64)) 1 main/binary-amd64/Packages.xz\n\n"
        try Files.writeAtomically(Array((fake + (try Files.text(file))).utf8), to: file)
        // gpgv reads past it, and so does devbox: an index with the wrong digest would be refused.
        let package = bed.root.appending("pool/linux-image-6.1.0-30-amd64_6.1.124-1_amd64.deb")
        #expect(try find().map(\.knownDigest) == [.sha256(SHA256Digest(of: package))])
    }

    @Test("an index with another digest than InRelease has: 65, both digests named, nothing kept")
    func wrongIndex() throws {
        try settings(bed.root.string)
        try repository()
        let index = bed.root.pushing("dists/bookworm/main/binary-amd64/Packages.xz")
        let before = try digest(index)
        var bytes = try Files.read(index)
        bytes[bytes.count / 2] ^= 1
        try Files.writeAtomically(bytes, to: index)
        try refused(before)
        try refused(try digest(index))
        #expect(try bed.parts().filter { $0.hasSuffix(".part") }.isEmpty)
    }

    @Test("a package with another digest than the index has, and an index with a way out of the pool: 65")
    func wrongPackage() throws {
        try settings(bed.root.string)
        try repository(filename: "../../etc/passwd")
        try refused("leads out of that folder")
        try repository()
        try bed.publish("pool/linux-image-6.1.0-30-amd64_6.1.124-1_amd64.deb", FetchBed.deb(9), sums: false)
        #expect(reported { _ = try bed.fetch("linux-image-6.1.0-30-amd64") }?.exitCode == .badInput)
        #expect(try bed.published().isEmpty)
    }

    @Test("the machine's own apt sources serve without configuration: its lists, and its keyrings for other releases")
    func machine() throws {
        try repository()
        let server = try WebServer(.nginx, root: bed.root, in: bed.scratch)
        let environment = try bed.apt("deb [signed-by=\(key.keyring)] \(server.address) bookworm main\n", folder: "apt")
        let update = try runner.run(Command(AptGet.program, ["update"], environment: environment), limit: .seconds(60))
        #expect(!update.text.contains("Err:"), "\(update.text) \(String(decoding: update.errorBytes, as: UTF8.self))")
        let before = try server.log().count
        let fetcher = try bed.fetcher(apt: environment)
        let builds = try find(true, fetcher: fetcher)
        #expect(builds.count == 2)
        #expect(
            try server.log().dropFirst(before).allSatisfy { $0.contains("/pool/") },
            "apt's lists are read where they lie")
        #expect(try fetcher.fetch(builds)[0].get().record.verifiedBy == "the machine's apt index")
        // Another release than the machine's is fetched, and verified with the keyring that the machine's source names.
        try tool("cp", "-a", bed.root.appending("dists/bookworm").string, bed.root.appending("dists/trixie").string)
        let again = try server.log().count
        var query = BuildQuery(package: "linux-image-6.1.0-30-amd64", architecture: .amd64)
        query.suite = "trixie"
        let other = try bed.fetcher(apt: environment).find(query)
        let file = bed.root.appending("pool/\(builds[0].address.name)")
        #expect(other[0].checksum == .known(.sha256(try SHA256Digest(of: file)), from: "the signed apt index"))
        #expect(try server.log().dropFirst(again).contains { $0.contains("/dists/trixie/InRelease") })
        query.suite = "sid"
        let missing = reported { _ = try bed.fetcher(apt: environment).find(query) }
        #expect(missing?.message.contains("/dists/sid/InRelease answered 404") == true)
    }

    @Test(
        "dates of a Release file",
        arguments: [("08:15:36", 29_736.0), ("9223372036854775807:00:00", nil), ("-1:0:0", nil)])
    func dates(time: String, seconds: Double?) throws {
        let midnight = try #require(HTTPDate.read("Sat, 21 Nov 2026 00:00:00 UTC"))
        #expect(HTTPDate.read("Sat, 21 Nov 2026 00:00:00 Z") == midnight)
        #expect(HTTPDate.read("Sat, 21 Nov 2026 \(time) UTC")?.timeIntervalSince(midnight) == seconds)
    }

    @Test("keyrings of sources in both of apt's notations")
    func signedBy() throws {
        try bed.scratch.write(
            """
            # deb [signed-by=/no.gpg] http://example.org/debian bookworm main
            deb-src [signed-by=/no.gpg] http://example.org/debian bookworm main
            deb http://example.org/other bookworm main
            deb ] [ http://example.org/debian bookworm main
            deb[arch=amd64 signed-by=/a.gpg,/b.gpg] http://example.org/debian bookworm main
            deb [signed-by=/c.gpg] http://example.org/$(ARCH) flat-$(ARCH)/
            """, to: "one.list")
        try bed.scratch.write(
            """
            Types: deb
            URIs: http://example.org/other/
            Suites: bookworm

            Types: deb
            URIs: http://example.org/debian
            Suites: bookworm bookworm-updates
            Signed-By: /usr/share/keyrings/c.gpg
            """, to: "two.sources")
        func keys(_ file: String, _ root: String, _ release: String) throws -> String? {
            let entry = AptSourceFile.entry(try Address(root), release, in: bed.scratch(file))
            return entry.map { $0.signedBy ?? "nothing" }
        }
        let architecture = try #require(Architecture.host).rawValue
        #expect(try keys("one.list", "http://example.org/debian/", "bookworm") == "/a.gpg,/b.gpg")
        #expect(try keys("one.list", "http://example.org/other/", "bookworm") == "nothing")
        #expect(try keys("one.list", "http://example.org/\(architecture)/", "flat-\(architecture)/") == "/c.gpg")
        #expect(
            try keys("two.sources", "http://example.org/debian/", "bookworm-updates") == "/usr/share/keyrings/c.gpg")
        #expect(try keys("two.sources", "http://example.org/other/", "bookworm") == "nothing")
        #expect(try keys("two.sources", "http://example.org/other/", "sid") == nil)
        #expect(try keys("none.list", "http://example.org/other/", "bookworm") == nil)
    }

    @Test("paragraphs are found wherever the chunks of an index end, and nothing is found inside others")
    func chunks() throws {
        let text = Array(
            "Package: a\nVersion: 1\n\nPackage: b\nDescription: x\n Package: a\n .\n\nPackage: a\nVersion: 2\n\n\nPackage: ab\nVersion: 3"
                .utf8)
        for size in 1...text.count {
            var search = StanzaSearch(for: ["a", "ab"], name: "test", limit: 1000)
            for start in stride(from: 0, to: text.count, by: size) {
                try Array(text[start..<min(start + size, text.count)]).withUnsafeBytes { try search.feed($0) }
            }
            try search.finish()
            #expect(Set(search.found.compactMap { $0["Version"] }) == ["1", "2", "3"], "\(size)")
            #expect(search.found.count == 3)
        }
    }

    @Test("an index that unpacks to more than it says, or has a paragraph without end, is refused")
    func bomb() throws {
        var search = StanzaSearch(for: ["a"], name: "test", limit: 10)
        #expect(
            reported { try [UInt8](repeating: 65, count: 11).withUnsafeBytes { try search.feed($0) } }?.exitCode
                == .badInput)
        search = StanzaSearch(for: ["a"], name: "test", limit: 1 << 30)
        let chunk = [UInt8](repeating: 65, count: 1 << 18)
        #expect(
            reported { for _ in 0..<8 { try chunk.withUnsafeBytes { try search.feed($0) } } }?.exitCode == .badInput)
    }
}
