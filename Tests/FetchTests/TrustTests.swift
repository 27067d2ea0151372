import DevboxCore
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

@Suite("What is trusted, and what is not", .timeLimit(.minutes(10)))
struct TrustTests {
    let bed: FetchBed
    private let old = FetchBed.deb(1)
    private let new = FetchBed.deb(2)

    init() throws {
        bed = try FetchBed()
        try bed.tree(bed.root.string, pattern: "{root}/")
    }

    private func digest(_ bytes: [UInt8]) -> String {
        var hasher = SHA256Digest.Hasher()
        bytes.withUnsafeBytes { hasher.update($0) }
        return hasher.digest.description
    }

    /// Replaces the file and leaves SHA256SUMS as it is.
    private func replace(_ bytes: [UInt8]) throws { try bed.publish("ltp-1-amd64.deb", bytes, sums: false) }

    @Test("a file with another digest than SHA256SUMS has: 65, both digests named, nothing left")
    func wrongDigest() throws {
        try bed.publish("ltp-1-amd64.deb", old)
        try replace(new)
        let error = try #require(reported { _ = try bed.fetch("ltp") })
        #expect(error.exitCode == .badInput)
        #expect(error.message.contains(digest(old)) && error.message.contains(digest(new)))
        #expect(error.message.contains("\(bed.root)/ltp-1-amd64.deb"))
        #expect(try bed.published().isEmpty)
        #expect(try bed.parts().filter { $0.hasSuffix(".part") }.isEmpty)
    }

    @Test("a digest in <file>.sha256 counts too")
    func ownDigest() throws {
        try bed.publish("ltp-1-amd64.deb", new, sums: false)
        try bed.publish("ltp-1-amd64.deb.sha256", Array("\(digest(old))\n".utf8), sums: false)
        #expect(reported { _ = try bed.fetch("ltp") }?.exitCode == .badInput)
        try bed.publish("ltp-1-amd64.deb.sha256", Array("\(digest(new))  ltp-1-amd64.deb\n".utf8), sums: false)
        #expect(try bed.fetch("ltp").record.verifiedBy == "\(bed.root)/ltp-1-amd64.deb.sha256")
        // As `sha256sum <FILE` writes it.
        try bed.publish("ltp-2-amd64.deb", new, sums: false)
        try bed.publish("ltp-2-amd64.deb.sha256", Array("\(digest(new))  -\n".utf8), sums: false)
        #expect(try bed.fetch("ltp").record.verifiedBy == "\(bed.root)/ltp-2-amd64.deb.sha256")
    }

    @Test(
        "the same build with another digest later is refused, also where the source has no checksums and after a prune")
    func changed() throws {
        try bed.publish("2026-11-20/ltp-1-amd64.deb", old, sums: false)
        try bed.tree(bed.root.string, pattern: "{root}/{date}/")
        let first = try bed.fetch("ltp")
        #expect(first.record.verifiedBy == nil)
        try bed.publish("2026-11-20/ltp-1-amd64.deb", new, sums: false)
        // What is there is not fetched again.
        #expect(try bed.fetch("ltp").content == old)
        let store = PackageStore(bed.work)
        try store.remove(first.record)
        #expect(try bed.published().isEmpty)
        let error = try #require(reported { _ = try bed.fetch("ltp") })
        #expect(error.exitCode == .badInput)
        #expect(error.message.contains(digest(old)) && error.message.contains(digest(new)))
        #expect(try bed.published().isEmpty)
        // The same version of another day is another build.
        try bed.publish("2026-11-21/ltp-1-amd64.deb", new, sums: false)
        #expect(try bed.fetch("ltp").content == new)
        try store.forget(first.record)
        #expect(try bed.fetch("ltp", date: "2026-11-20").content == new)
    }

    @Test("a build of which nobody tells the day stays the one that it was, on every day")
    func undated() throws {
        let server = try WebServer(.python, root: bed.root, in: bed.scratch)
        try bed.publish("ltp-1-amd64.deb", old, sums: false)
        try bed.tree(server.address, pattern: "{root}/")
        let first = try bed.fetch("ltp").record
        #expect(first.date.description == "2026-11-21")
        let tomorrow = try bed.fetcher(today: "2026-11-22")
        let build = try tomorrow.find(BuildQuery(package: "ltp", architecture: .amd64))[0]
        #expect(try build.date == nil && tomorrow.fetched(build)?.path == first.path)
        #expect(try bed.fetch("ltp", fetcher: tomorrow).wasThere)
        try bed.publish("ltp-1-amd64.deb", new, sums: false)
        try PackageStore(bed.work).remove(first)
        let error = try #require(reported { _ = try bed.fetch("ltp", fetcher: bed.fetcher(today: "2026-11-23")) })
        #expect(error.exitCode == .badInput && error.message.contains(digest(old)))
        // The hint can be pasted, and so can the paths that users see.
        #expect(error.hint?.contains("devbox packages --forget \(first.path)`") == true)
        let store = PackageStore(bed.work)
        for path in [first.path, store.path(first).string, PackageStore.guestPath(first)] {
            #expect(try store.record(of: path)?.path == first.path, "\(path)")
        }
        #expect(try store.record(of: "/etc/\(first.path)")?.path == nil)
    }

    @Test("checksums that were changed tell that a build was changed, though its file is there")
    func changedSums() throws {
        try bed.tree(bed.root.string, pattern: "{root}/{date}/")
        try bed.publish("2026-11-20/ltp-1-amd64.deb", old)
        _ = try bed.fetch("ltp")
        try Files.remove(bed.root.appending("2026-11-20/SHA256SUMS"))
        try bed.publish("2026-11-20/ltp-1-amd64.deb", new)
        let error = try #require(reported { _ = try bed.fetch("ltp") })
        #expect(error.exitCode == .badInput)
        #expect(error.message.contains(digest(old)) && error.message.contains(digest(new)))
    }

    @Test("a fetched file that was changed on the disk, or is a link, is fetched anew and nothing is written elsewhere")
    func tampered() throws {
        try bed.publish("ltp-1-amd64.deb", old)
        let record = try bed.fetch("ltp").record
        let path = PackageStore(bed.work).path(record)
        try Files.writeAtomically(new, to: path, mode: 0o644)
        let again = try bed.fetch("ltp")
        #expect(!again.wasThere && again.content == old)
        let elsewhere = try bed.scratch.write("precious", to: "elsewhere/ltp-1-amd64.deb")
        try Files.remove(path)
        try tool("ln", "-s", elsewhere.string, path.string)
        #expect(try bed.fetch("ltp").content == old)
        #expect(try Files.text(elsewhere) == "precious")
        // A folder on the way that is a link is not gone through.
        try Files.removeTree(path.removingLastComponent())
        try tool("ln", "-s", elsewhere.removingLastComponent().string, path.removingLastComponent().string)
        let error = reported { _ = try bed.fetch("ltp") }
        #expect(error?.message.contains("it is a symbolic link or a file") == true, "\(error?.message ?? "no error")")
        #expect(try Files.text(elsewhere) == "precious")
    }

    @Test("a signed SHA256SUMS, by a keyring with and without armour", arguments: [false, true])
    func signed(armoured: Bool) throws {
        let key = try TestKey(in: bed.scratch, name: "one")
        try bed.tree(
            bed.root.string, pattern: "{root}/", more: "    keyring: \(armoured ? key.armoured : key.keyring)\n")
        try bed.publish("ltp-1-amd64.deb", old)
        try key.sign(bed.root.appending("SHA256SUMS"), armoured: armoured)
        let record = try bed.fetch("ltp").record
        #expect(record.isSigned)
    }

    @Test("a clear-signed SHA256SUMS.asc: its own text counts, and not that of the file beside it")
    func clearSigned() throws {
        let key = try TestKey(in: bed.scratch, name: "one")
        try bed.tree(bed.root.string, pattern: "{root}/", more: "    keyring: \(key.keyring)\n")
        try bed.publish("ltp-1-amd64.deb", old, sums: false)
        let signed = try key.clearSign("\(digest(old))  ltp-1-amd64.deb\n", in: bed.scratch)
        try bed.publish("SHA256SUMS.asc", signed, sums: false)
        try bed.publish("SHA256SUMS", Array("\(digest(new))  ltp-1-amd64.deb\n".utf8), sums: false)
        let record = try bed.fetch("ltp").record
        #expect(record.isSigned && record.verifiedBy == "\(bed.root)/SHA256SUMS.asc")
        try Files.remove(bed.root.appending("SHA256SUMS"))
        #expect(try bed.fetch("ltp").wasThere)
        try PackageStore(bed.work).forget(record)
        let text = String(decoding: signed, as: UTF8.self).replacing(digest(old), with: digest(new))
        try bed.publish("SHA256SUMS.asc", Array(text.utf8), sums: false)
        try refused("it was changed after it was signed")
    }

    @Test("no signature, a bad one, or one of another key: 65, and the key is named")
    func unsigned() throws {
        let key = try TestKey(in: bed.scratch, name: "one")
        let other = try TestKey(in: bed.scratch, name: "two")
        let sums = bed.root.appending("SHA256SUMS")
        try bed.tree(bed.root.string, pattern: "{root}/", more: "    keyring: \(key.keyring)\n")
        try bed.publish("ltp-1-amd64.deb", old)
        try refused("has no signature beside it")
        try other.sign(sums, armoured: false)
        try refused("which is not in the keyring")
        try key.sign(sums, armoured: false)
        try bed.publish("ltp-2-amd64.deb", new)
        try refused("one@example.org): it was changed after it was signed")
        try Files.remove(sums)
        try refused("is not there, but the source nightly has a keyring")
        // A digest that nobody signed does not take its place.
        try bed.publish("ltp-2-amd64.deb.sha256", Array(digest(new).utf8), sums: false)
        try refused("is not there, but the source nightly has a keyring")
    }

    @Test("a signature by an expired key does not count, and the key is named")
    func expired() throws {
        let key = try TestKey(in: bed.scratch, name: "old", expires: "1d", at: "20200101T000000")
        try bed.tree(bed.root.string, pattern: "{root}/", more: "    keyring: \(key.keyring)\n")
        try bed.publish("ltp-1-amd64.deb", old)
        try key.sign(bed.root.appending("SHA256SUMS"), armoured: false)
        try refused("old@example.org), which has expired")
    }

    private func refused(_ words: String) throws {
        let error = try #require(reported { _ = try bed.fetch("ltp") })
        #expect(error.exitCode == .badInput)
        #expect(error.message.contains(words), "\(error.message)")
        #expect(try bed.published().isEmpty)
    }
}
