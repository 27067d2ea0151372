import DevboxCore
import TestSupport
import Testing

@testable import Fetch

@Suite("Lists of digests by other names", .timeLimit(.minutes(10)))
struct ChecksumListTests {
    let bed: FetchBed
    private static let file = "ltp-20261120-1-amd64.tar.xz"
    private static let content: [UInt8] = [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00] + FetchBed.deb(1)
    private static let digest = SHA256Digest(of: content).description
    private static let other = String(repeating: "cd", count: 32)

    init() throws {
        bed = try FetchBed()
        try bed.tree(bed.root.string, pattern: "{root}/{package}/{arch}/")
        try bed.publish("ltp/amd64/\(Self.file)", Self.content, sums: false)
    }

    private func publish(_ name: String, _ text: String) throws {
        try bed.publish("ltp/\(name)", Array(text.utf8), sums: false)
    }

    private static let lists = [
        "checksums.txt", "CHECKSUM", "sha256.txt", "sha256sums.txt", "ltp_1_checksums.txt", "ltp-checksums.txt",
        "ltp-20261120-1-amd64.sha256", "SHA256SUMS-amd64", "SHA256SUMS.json", "sha-256.txt", "ltp_1_SHA256SUMS",
        "CHECKSUMS.sha256", "digests", "sha256-checksums", "kselftest_checksums.txt",
    ]

    @Test(
        "the right digest in them verifies, a wrong one is refused (65), and so is a file that they do not name",
        arguments: lists)
    func compared(name: String) throws {
        try publish("amd64/\(name)", "\(Self.other)  \(Self.file)\n")
        let error = try #require(reported { _ = try bed.fetch("ltp") })
        #expect(error.exitCode == .badInput && error.message.contains(Self.other), "\(error.message)")
        try publish("amd64/\(name)", "\(Self.digest)  ltp-20261119-1-amd64.tar.xz\n")
        let unlisted = try #require(reported { _ = try bed.fetch("ltp") })
        #expect(unlisted.exitCode == .badInput)
        #expect(unlisted.message.hasSuffix("/\(name) does not list \(Self.file)"), "\(unlisted.message)")
        #expect(try bed.published().isEmpty)
        try publish("amd64/\(name)", "\(Self.digest)  \(Self.file)\n")
        #expect(try bed.fetch("ltp").record.verifiedBy == "\(bed.root)/ltp/amd64/\(name)")
    }

    @Test(
        "digests as programs write them that are not sha256sum",
        arguments: [
            "\(file)  \(digest)\n", "\(file): \(digest)\n", "{\"\(file)\": \"\(digest)\", \"x.deb\": null}\n",
            "| \(file) | \(digest) |\n", "# \(file): 20000 bytes\nSHA256 (\(file)) = \(digest)\n",
            "MD5 (\(file)) = \(digest.prefix(32))\nSHA256 (\(file)) = \(digest)\n",
            "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\n\(digest) *out/\(file)\n-----BEGIN PGP SIGNATURE-----\n",
        ])
    func forms(text: String) throws {
        try publish("amd64/CHECKSUM", text)
        #expect(try bed.fetch("ltp").record.verifiedBy?.hasSuffix("/CHECKSUM") == true)
    }

    @Test("SHA-512 digests in a list that does not say so; weaker ones alone verify nothing, and are told")
    func functions() throws {
        try publish("amd64/checksums.txt", "\(Self.digest.prefix(32))  \(Self.file)\n")
        let error = try #require(reported { _ = try bed.fetch("ltp") })
        #expect(error.exitCode == .badInput && error.hint?.contains("--allow-unlisted") == true)
        #expect(error.message.contains("no SHA-256 and no SHA-512 digest"), "\(error.message)")
        let digest = Self.content.withUnsafeBytes { SHA512Digest(of: $0).description }
        try publish("amd64/checksums.txt", "\(digest)  \(Self.file)\n")
        #expect(try bed.fetch("ltp").record.verifiedBy?.hasSuffix("/checksums.txt") == true)
    }

    @Test("a file called like this one may have nothing but the digest in it")
    func alone() throws {
        try publish("amd64/ltp-20261120-1-amd64.sha256", "\(Self.other)\n")
        #expect(reported { _ = try bed.fetch("ltp") }?.exitCode == .badInput)
        try publish("amd64/ltp-20261120-1-amd64.sha256", "\(Self.digest)\n")
        #expect(try bed.fetch("ltp").record.verifiedBy?.hasSuffix("-amd64.sha256") == true)
    }

    @Test("what is of other files, or holds no digests, does not keep a file from coming")
    func others() throws {
        try publish("amd64/ltp-20261119-1-amd64.tar.xz", "x")
        try publish("amd64/ltp-20261119-1-amd64.sha256", "\(Self.other)\n")
        try publish("amd64/kselftest_2_amd64.deb", "x")
        try publish("amd64/kselftest_2_checksums.txt", "\(Self.other)  kselftest_2_amd64.deb\n")
        try publish("amd64/SHA256SUMS-arm64", "\(Self.other)  ltp-20261120-1-arm64.tar.xz\n")
        for name in [
            "sha256-tools_1_amd64.deb", "digest.html", "checksum.c", "shadow.txt", "mydigestion.txt", "MD5SUMS",
        ] {
            try publish("amd64/\(name)", "x")
        }
        #expect(try bed.fetch("ltp").record.verifiedBy == nil)
    }

    @Test("of a folder with very many lists some are read, and none that is larger than it may be")
    func bounds() {
        let names = (0..<100).map { "list\($0)-checksums.txt" }.sorted()
        func entry(_ name: String, _ size: Int64) -> Listing.Entry {
            Listing.Entry(name: name, isFolder: false, day: nil, size: .exact(size))
        }
        #expect(Listing(names.map { entry($0, 100) }).checksumLists.lists(of: Self.file).count == 16)
        #expect(Listing([entry("checksums.txt", 1 << 30)]).checksumLists.lists(of: Self.file).isEmpty)
    }

    @Test(
        "a list one folder up counts by the path in it, and is asked for where the folder itself has none",
        arguments: ["SHA256SUMS", "checksums.txt", "SHA512SUMS"], ["amd64/", "./amd64/", "out/ltp/amd64/"])
    func above(name: String, folder: String) throws {
        let isLong = name.contains("512")
        let digest = isLong ? Self.content.withUnsafeBytes { SHA512Digest(of: $0).description } : Self.digest
        let other = isLong ? Self.other + Self.other : Self.other
        try publish(name, "\(digest)  \(folder)\(Self.file)\n\(other)  arm64/\(Self.file)\n\(other)  \(Self.file)\n")
        #expect(try bed.fetch("ltp").record.verifiedBy == "\(bed.root)/ltp/\(name)")
        try publish(name, "\(other)  \(folder)\(Self.file)\n")
        #expect(reported { _ = try bed.fetch("ltp") }?.exitCode == .badInput)
    }

    @Test("a list one folder up that names others of the folder has to name the file; one of other folders need not")
    func silentAbove() throws {
        try publish("SHA256SUMS", "\(Self.digest)  \(Self.file)\n\(Self.digest)  arm64/\(Self.file)\n")
        #expect(try bed.fetch("ltp").record.verifiedBy == nil)
        try publish("SHA256SUMS", "\(Self.digest)  amd64/ltp-20261119-1-amd64.tar.xz\n")
        let error = try #require(reported { _ = try bed.fetch("ltp") })
        #expect(error.exitCode == .badInput)
        #expect(error.message.hasSuffix("has no SHA-256 digest of amd64/\(Self.file)"), "\(error.message)")
    }

    @Test("nothing above the root of a source counts, and a folder above without an index is none")
    func noneAbove() throws {
        try publish("SHA256SUMS", "\(Self.other)  amd64/\(Self.file)\n")
        try bed.tree("\(bed.root)/ltp/amd64", pattern: "{root}/")
        #expect(try bed.fetch("ltp").record.verifiedBy == nil)
        let server = try RawServer { request, connection in
            switch request.path {
            case "/ltp/amd64/":
                connection.answer("200 OK", [:], Array("<a href=\"\(Self.file)\">x</a>".utf8))
            case "/ltp/amd64/\(Self.file)": connection.answer("200 OK", [:], Self.content)
            case "/", "/ltp/": connection.answer("403 Forbidden")
            default: connection.answer("404 No")
            }
        }
        try bed.tree(server.address, pattern: "{root}/{package}/amd64/")
        #expect(try bed.fetch("ltp").record.verifiedBy == nil)
    }

    @Test("a list by another name that carries its signature in itself, or beside it, verifies a source with a keyring")
    func signed() throws {
        let key = try TestKey(in: bed.scratch, name: "one")
        try bed.tree(bed.root.string, pattern: "{root}/{package}/{arch}/", more: "    keyring: \(key.keyring)\n")
        try publish("amd64/checksums.txt", "\(Self.digest)  \(Self.file)\n")
        #expect(reported { _ = try bed.fetch("ltp") }?.exitCode == .badInput)
        try key.sign(bed.root.appending("ltp/amd64/checksums.txt"), armoured: false)
        let record = try bed.fetch("ltp").record
        #expect(record.isSigned && record.verifiedBy?.hasSuffix("/checksums.txt") == true)
        for name in ["checksums.txt", "checksums.txt.gpg"] {
            try Files.remove(bed.root.appending("ltp/amd64/\(name)"))
        }
        let list = try key.clearSign("\(Self.digest)  \(Self.file)\n", in: bed.scratch)
        try bed.publish("ltp/amd64/CHECKSUM", list, sums: false)
        let second = try bed.fetch("ltp")
        #expect(second.wasThere)
        try bed.publish(
            "ltp/amd64/CHECKSUM", try TestKey(in: bed.scratch, name: "two").clearSign("x", in: bed.scratch), sums: false
        )
        #expect(reported { _ = try bed.fetch("ltp") }?.exitCode == .badInput)
    }
}
