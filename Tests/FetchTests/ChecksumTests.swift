import DevboxCore
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

@Suite("Lists of digests", .timeLimit(.minutes(10)))
struct ChecksumTests {
    let bed: FetchBed
    private static let digest = String(repeating: "ab", count: 32)
    private static let other = String(repeating: "cd", count: 32)

    init() throws {
        bed = try FetchBed()
        try bed.tree(bed.root.string, pattern: "{root}/{package}/")
    }

    private func entry(_ text: String, of path: String = "x.deb", _ function: ContentDigest.Function = .sha256)
        -> ChecksumText.Entry
    {
        ChecksumText(Array(text.utf8), of: function).entry(of: path.split(separator: "/").map(String.init))
    }

    private func isFound(_ text: String, of path: String = "x.deb") -> Bool {
        entry(text, of: path) == SHA256Digest(Self.digest).map { .digest(.sha256($0)) }
    }

    @Test(
        "digests as sha256sum, --binary, --tag, BSD, openssl, editors and scripts leave them, with and without folders",
        arguments: [
            "\(other)  y.deb\n\(digest)  x.deb\n", "\(digest) *x.deb\n", "\(digest)  ./x.deb\n",
            "SHA256 (x.deb) = \(digest)\n", "\(digest)\tx.deb\r\n", "\(digest) x.deb", "\u{FEFF}\(digest)  x.deb\n",
            "\(digest.uppercased())  x.deb \n", "\(digest)  out/ltp/x.deb\n", "\(digest) */build/out/x.deb\n",
            "\(digest)  ./out/x.deb\n", "SHA256 (out/x.deb) = \(digest)\n", "SHA256(x.deb)= \(digest)\n",
            "SHA2-256(out/x.deb)= \(digest)\n", "\\\(digest)  out\\\\x.deb\n", "\(digest)  out\\x.deb\r\n",
            // What lies beside the list counts more than what lay elsewhere.
            "\(other)  old/x.deb\n\(digest)  x.deb\n\(other)  older/x.deb\n",
            "\(digest.dropLast())  x.deb\n\(digest)  x.deb\n", "\(digest)  x.deb\n\(digest)  out/x.deb\n",
        ])
    func found(text: String) { #expect(isFound(text)) }

    @Test("of several files of one name that in the folders of the file's own place counts")
    func folders() {
        let text = "\(Self.other)  out/arm64/x.deb\n\(Self.digest)  out/amd64/x.deb\n\(Self.other)  amd64/old/x.deb\n"
        #expect(isFound(text, of: "nightly/out/amd64/x.deb"))
        #expect(isFound(text, of: "amd64/x.deb"))
        // Nothing tells which one is meant.
        #expect(entry(text, of: "nightly/x.deb") == .ambiguous)
        #expect(entry("\(Self.other)  x.deb\n\(Self.digest)  x.deb\n") == .ambiguous)
    }

    @Test("a line of another file is none of this one, and one without a digest is not passed over")
    func others() {
        for text in [
            "", "\(Self.digest)  x.deb.old\n", "\(Self.digest)  lib x.deb\n", "\(Self.digest)  yx.deb\n", "x.deb\n",
            "\(Self.digest)  x.deb/y\n",
        ] {
            #expect(entry(text) == .none, "\(text)")
        }
        #expect(entry("\(Self.digest.dropLast())  x.deb\n") == .unreadable)
        #expect(entry("\(Self.digest.dropLast())  out/x.deb\n") == .unreadable)
        #expect(entry("\(Self.digest)  x.deb\n", .sha512) == .unreadable)
        #expect(entry("SHA512 (x.deb) = \(Self.digest)\(Self.other)\n", .sha512) != .unreadable)
    }

    @Test("the digest that is alone in a file of its own, its name in it with folders or without")
    func own() {
        func find(_ text: String) -> String? { ChecksumText(Array(text.utf8)).digest(ofOnly: "x.deb")?.description }
        for name in ["", "  x.deb", "  /build/x.deb", "  -"] { #expect(find("\(Self.digest)\(name)\n") == Self.digest) }
        for text in ["\(Self.digest)  y.deb\n", "\(Self.digest)\n\(Self.other)\n", "\(Self.digest)  yx.deb\n"] {
            #expect(find(text) == nil, "\(text)")
        }
    }

    @Test(
        "what `sha256sum out/ltp/*` wrote is compared: the right digest verifies, a wrong one is refused (65)",
        arguments: ["out/ltp/", "out/", "./", "/build/job/12/"])
    func withFolders(folder: String) throws {
        let content = FetchBed.deb(1)
        try bed.publish("ltp/ltp-1-amd64.deb", content, sums: false)
        func publish(_ digest: String) throws {
            try bed.publish("ltp/SHA256SUMS", Array("\(digest)  \(folder)ltp-1-amd64.deb\n".utf8), sums: false)
        }
        try publish(Self.digest)
        let error = try #require(reported { _ = try bed.fetch("ltp") })
        #expect(error.exitCode == .badInput && error.message.contains(Self.digest), "\(error.message)")
        #expect(try bed.published().isEmpty)
        try publish(SHA256Digest(of: content).description)
        #expect(try bed.fetch("ltp").record.verifiedBy == "\(bed.root)/ltp/SHA256SUMS")
    }

    @Test(
        "digests that the index has and the server does not give are not taken for none: 65, and nothing stays",
        arguments: ["SHA256SUMS", "ltp-1-amd64.deb.sha256", "sha512sums.txt"], ["404 Not Found", "410 Gone", "403 No"])
    func listedButGone(name: String, status: String) throws {
        let content = FetchBed.deb(1)
        let links = ["ltp-1-amd64.deb", name].map { "<a href=\"\($0)\">\($0)</a> 2026-11-20 10:00 20K\n" }.joined()
        let server = try RawServer { request, connection in
            switch request.path {
            case "/ltp/":
                connection.answer("200 OK", [:], Array("<title>Index of /ltp/</title><pre>\(links)</pre>".utf8))
            case "/ltp/ltp-1-amd64.deb": connection.answer("200 OK", [:], content)
            default: connection.answer(status)
            }
        }
        try bed.tree(server.address, pattern: "{root}/{package}/")
        let error = try #require(reported { _ = try bed.fetch("ltp") })
        let isForbidden = status.hasPrefix("403")
        #expect(error.exitCode == (isForbidden ? .failure : .badInput), "\(error.message)")
        #expect(
            error.message
                == "\(server.address)/ltp/\(name) \(isForbidden ? "answered 403 (forbidden)" : "is in the index, but is not there")"
        )
        #expect(try bed.published().isEmpty)
    }

    @Test(
        "a list that does not name the file: 65 and nothing stays; with the flag the file comes, and is not called verified"
    )
    func unlisted() throws {
        try bed.publish("ltp/ltp-1-amd64.deb", FetchBed.deb(1), sums: false)
        try bed.publish("ltp/SHA256SUMS", Array("\(Self.digest)  ltp-2-amd64.deb\n".utf8), sums: false)
        let error = try #require(reported { _ = try bed.fetch("ltp") })
        #expect(error.exitCode == .badInput)
        #expect(error.message == "\(bed.root)/ltp/SHA256SUMS does not list ltp-1-amd64.deb")
        #expect(error.hint?.contains("--allow-unlisted") == true)
        #expect(try bed.published().isEmpty)
        let fetcher = try bed.fetcher()
        let builds = try fetcher.find(BuildQuery(package: "ltp", architecture: .amd64))
        #expect(try fetcher.fetch(builds, allowingUnlisted: true)[0].get().record.verifiedBy == nil)
        // One that is empty says as little.
        try bed.publish("ltp/SHA256SUMS", [], sums: false)
        #expect(reported { _ = try bed.fetch("ltp") }?.exitCode == .badInput)
        // What has a digest of its own needs no list.
        try bed.publish(
            "ltp/ltp-1-amd64.deb.sha256", Array(SHA256Digest(of: FetchBed.deb(1)).description.utf8), sums: false)
        #expect(try bed.fetch("ltp").wasThere)
    }

    @Test(
        "SHA-512 digests, and lists by other names, count as well",
        arguments: [
            "SHA512SUMS", "sha512sums.txt", "sha256sums.txt", "sha256sum.txt", "ltp-1-amd64.deb.sha512",
            "ltp-1-amd64.deb.sha256sum",
        ])
    func otherLists(name: String) throws {
        let content = FetchBed.deb(1)
        try bed.publish("ltp/ltp-1-amd64.deb", content, sums: false)
        let isLong = name.lowercased().contains("512")
        func publish(_ bytes: [UInt8]) throws {
            let digest =
                isLong
                ? bytes.withUnsafeBytes { SHA512Digest(of: $0).description } : SHA256Digest(of: bytes).description
            try bed.publish("ltp/\(name)", Array("\(digest)  ltp-1-amd64.deb\n".utf8), sums: false)
        }
        try publish(FetchBed.deb(2))
        let error = try #require(reported { _ = try bed.fetch("ltp") })
        #expect(error.exitCode == .badInput)
        #expect(error.message.contains("\(isLong ? "SHA-512" : "SHA-256") digest"), "\(error.message)")
        #expect(try bed.published().isEmpty)
        try publish(content)
        let fetched = try bed.fetch("ltp")
        #expect(
            fetched.record.verifiedBy == "\(bed.root)/ltp/\(name)"
                && fetched.record.sha256 == SHA256Digest(of: content))
        #expect(try bed.fetch("ltp").wasThere)
        // What it says later is compared with what is there.
        try publish(FetchBed.deb(2))
        #expect(reported { _ = try bed.fetch("ltp") }?.exitCode == .badInput)
    }

    @Test(
        "a signed list that names the file by the folder that it was built in verifies it; one that does not name it, no flag makes good"
    )
    func signed() throws {
        let key = try TestKey(in: bed.scratch, name: "one")
        try bed.tree(bed.root.string, pattern: "{root}/{package}/", more: "    keyring: \(key.keyring)\n")
        try bed.publish("ltp/ltp-1-amd64.deb", FetchBed.deb(1), sums: false)
        let list = bed.root.appending("ltp/SHA512SUMS")
        func publish(_ name: String) throws {
            let digest = FetchBed.deb(1).withUnsafeBytes { SHA512Digest(of: $0).description }
            try bed.publish("ltp/SHA512SUMS", Array("\(digest)  out/\(name)\n".utf8), sums: false)
            try key.sign(list, armoured: false)
            try Files.rename(FilePath("\(list).gpg"), to: FilePath("\(list).sign"))
        }
        try publish("ltp-2-amd64.deb")
        let fetcher = try bed.fetcher()
        let builds = try fetcher.find(BuildQuery(package: "ltp", architecture: .amd64))
        let error = reported { _ = try fetcher.fetch(builds, allowingUnlisted: true)[0].get() }
        #expect(
            error?.exitCode == .badInput && error?.message.hasSuffix("SHA512SUMS does not list ltp-1-amd64.deb") == true
        )
        try publish("ltp-1-amd64.deb")
        let record = try bed.fetch("ltp").record
        #expect(record.isSigned && record.verifiedBy == list.string)
    }
}
