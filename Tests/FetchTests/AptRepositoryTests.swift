import DevboxCore
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

@Suite("apt repositories that are not as expected", .timeLimit(.minutes(10)))
struct AptRepositoryTests {
    let apt: AptBed
    var bed: FetchBed { apt.bed }

    init() throws { apt = try AptBed() }

    private func error(_ package: String = "linux") throws -> any ReportableError {
        try #require(reported { _ = try apt.find(package) })
    }

    @Test("a component that the repository does not have is named, with those that it has: 66, and by sources too")
    func component() throws {
        try apt.publish(
            ["main/binary-amd64": apt.package("linux"), "contrib/binary-amd64": ""],
            fields: ["Components: main contrib updates/extra"])
        try apt.settings(components: "main, mian")
        let error = try error()
        #expect(error.exitCode == .notFound)
        #expect(error.message.hasSuffix("has no component mian: it has contrib, extra, main"), "\(error.message)")
        #expect(try bed.fetcher().report()[0].reason == error.message)
        // One that has no index of this architecture is not wrong.
        try apt.settings(components: "main, extra")
        #expect(try apt.find().count == 1)
        #expect(try bed.fetcher().report()[0].answers)
    }

    @Test("a package for every architecture is found in the index of its own, and once where it is in both")
    func all() throws {
        let (linux, doc, both) = try (
            apt.package("linux"), apt.package("linux-doc", architecture: "all"),
            apt.package("linux-base", architecture: "all")
        )
        let indexes = ["main/binary-amd64": linux + both, "main/binary-all": doc + both]
        try apt.settings()
        try apt.publish(indexes)
        #expect(try apt.find("linux-doc").map(\.address.name) == ["linux-doc_1.0-1_all.deb"])
        let query = BuildQuery(package: "linux-base", architecture: .amd64)
        #expect(try bed.fetcher().list(query).count == 1)
        // Where the repository says that the others have them all, or does not name such an architecture, the index is not read.
        for field in ["No-Support-for-Architecture-all: Packages", "Architectures: amd64 arm64"] {
            try apt.publish(indexes, fields: [field])
            #expect(try error("linux-doc").exitCode == .notFound)
            #expect(try apt.find("linux-base").count == 1)
        }
    }

    @Test(
        "an index that is there only compressed in a way that devbox does not know: 65, the way named",
        arguments: [false, true])
    func compression(listsPlain: Bool) throws {
        try apt.settings()
        try apt.publish(["main/binary-amd64": apt.package("linux")], forms: [".br"], listsPlain: listsPlain)
        let error = try error()
        #expect(error.exitCode == .badInput)
        #expect(
            error.message.hasSuffix("has main/binary-amd64/Packages only as .br, which devbox cannot read"),
            "\(error.message)")
        try apt.publish(["main/binary-amd64": apt.package("linux")], forms: [".bz2"], listsPlain: listsPlain)
        #expect(try apt.find().count == 1)
    }

    @Test(
        "a Release with its signature in Release.gpg, without an InRelease, is as good: its digests count, and its signature must fit"
    )
    func apart() throws {
        try apt.settings()
        try apt.publish(["main/binary-amd64": apt.package("linux")], isApart: true)
        #expect(try bed.fetcher().fetch(apt.find())[0].get().record.isSigned)
        let folder = bed.root.appending("dists/bookworm")
        let text = try Files.text(folder.appending("Release"))
        try Files.writeAtomically(Array("\(text)\n".utf8), to: folder.appending("Release"))
        var refused = try error()
        #expect(refused.exitCode == .badInput && refused.message.contains("it was changed after it was signed"))
        try Files.remove(folder.appending("Release.gpg"))
        refused = try error()
        #expect(refused.exitCode == .badInput && refused.message.contains("there is no InRelease and no Release.gpg"))
        try Files.remove(folder.appending("Release"))
        #expect(try error().exitCode == .notFound)
    }

    @Test(
        "a repository with SHA-512 digests alone: its indexes and its packages are compared with them",
        arguments: [true, false])
    func sha512(byHash: Bool) throws {
        let server = try WebServer(.nginx, root: bed.root, in: bed.scratch)
        try apt.settings(server.address)
        let text = try apt.package("linux", function: .sha512)
        func publish() throws {
            try apt.publish(
                ["main/binary-amd64": text], fields: byHash ? ["Acquire-By-Hash: yes"] : [], function: .sha512)
        }
        try publish()
        if byHash {
            let folder = bed.root.pushing("dists/bookworm/main/binary-amd64")
            let name = try apt.digest("dists/bookworm/main/binary-amd64/Packages.xz", .sha512)
            try Files.makeDirectory(folder.pushing("by-hash/SHA512"))
            try Files.rename(folder.appending("Packages.xz"), to: folder.pushing("by-hash/SHA512").appending(name))
            try Files.setMode(folder.pushing("by-hash/SHA512"), 0o755)
            try Files.setMode(folder.pushing("by-hash"), 0o755)
        }
        let record = try bed.fetcher().fetch(apt.find())[0].get().record
        #expect(record.isSigned && record.sha256 == SHA256Digest(of: FetchBed.deb(5)))
        #expect(try bed.fetcher().fetch(apt.find())[0].get().wasThere)
        // Another file in its place.
        try PackageStore(bed.work).forget(record)
        try bed.publish("pool/linux_1.0-1_amd64.deb", FetchBed.deb(6), sums: false)
        let error = try #require(reported { _ = try bed.fetcher().fetch(apt.find())[0].get() })
        #expect(error.exitCode == .badInput && error.message.contains("has the SHA-512 digest"), "\(error.message)")
    }

    @Test("a server that promises indexes by digest and does not have them is asked for the plain path")
    func byHash() throws {
        try apt.publish(["main/binary-amd64": apt.package("linux")], fields: ["Acquire-By-Hash: yes"])
        let server = try WebServer(.nginx, root: bed.root, in: bed.scratch)
        try apt.settings(server.address)
        #expect(try apt.find().count == 1)
        let asked = try server.log().filter { $0.contains("binary-amd64") }
        #expect(asked.map { $0.prefix(3) } == ["404", "200"], "\(asked)")
        #expect(asked.last?.hasSuffix("/Packages.xz") == true)
    }

    @Test("of an index that is listed and not there, the next form is taken", arguments: [false, true])
    func nextForm(isFolder: Bool) throws {
        try apt.publish(["main/binary-amd64": apt.package("linux")], forms: [".xz", ".gz", ""])
        let server = try WebServer(.nginx, root: bed.root, in: bed.scratch)
        try apt.settings(isFolder ? nil : server.address)
        let folder = bed.root.pushing("dists/bookworm/main/binary-amd64")
        try Files.remove(folder.appending("Packages.xz"))
        try Files.rename(folder.appending("Packages.gz"), to: folder.appending("Packages.moved"))
        try Files.rename(folder.appending("Packages"), to: folder.appending("Packages.plain"))
        // Nothing at all is there.
        let error = try error()
        #expect(error.message.contains("Packages.xz"), "\(error.message)")
        #expect(try apt.kept() == [])
        try Files.rename(folder.appending("Packages.plain"), to: folder.appending("Packages"))
        #expect(try apt.find().count == 1)
        #expect(try apt.kept() == [apt.digest("dists/bookworm/main/binary-amd64/Packages")])
        try Files.removeTree(bed.work.cache.appending("indexes"))
        try Files.rename(folder.appending("Packages.moved"), to: folder.appending("Packages.gz"))
        #expect(try apt.find().count == 1)
        #expect(try apt.kept() == [apt.digest("dists/bookworm/main/binary-amd64/Packages.gz")])
    }

    @Test("an empty index is one without packages, and keeps no other from being read", arguments: ["", ".gz", ".xz"])
    func empty(form: String) throws {
        try apt.settings(components: "main, extra")
        try apt.publish(["main/binary-amd64": "", "extra/binary-amd64": apt.package("linux")], forms: [form])
        #expect(try apt.find().map(\.version) == ["1.0-1"])
        #expect(reported { _ = try apt.find("other") }?.exitCode == .notFound)
    }

    @Test("an index with another digest leaves no lock behind, and no other form of it is taken")
    func wrongDigest() throws {
        try apt.settings()
        try apt.publish(["main/binary-amd64": apt.package("linux")])
        let index = bed.root.pushing("dists/bookworm/main/binary-amd64/Packages.xz")
        var bytes = try Files.read(index)
        bytes[bytes.count / 2] ^= 1
        try Files.writeAtomically(bytes, to: index)
        #expect(try error().exitCode == .badInput)
        #expect(try apt.kept() == [])
    }

    @Test("a Valid-Until that cannot be read, and a Date that is yet to come: 65")
    func times() throws {
        try apt.settings()
        let indexes = try ["main/binary-amd64": apt.package("linux")]
        try apt.publish(indexes, fields: ["Valid-Until: soon"])
        var error = try error()
        #expect(error.exitCode == .badInput)
        #expect(error.message.hasSuffix("is damaged: its Valid-Until 'soon' is no date"), "\(error.message)")
        try apt.publish(indexes, date: AptBed.date(2 * 86_400))
        error = try self.error()
        #expect(error.exitCode == .badInput)
        #expect(error.message.contains("is not valid yet"), "\(error.message)")
        // Half a day may be a clock, or a time zone.
        try apt.publish(indexes, fields: ["Valid-Until: \(AptBed.date(3600))"], date: AptBed.date(43_200))
        #expect(try apt.find().count == 1)
    }

    @Test("indexes that nobody used for a week go when another one comes; those in use stay")
    func unused() throws {
        try apt.settings()
        try apt.publish(["main/binary-amd64": apt.package("linux")])
        #expect(try apt.find().count == 1)
        let first = try #require(try apt.kept().first)
        let folder = bed.work.cache.appending("indexes")
        let old = ["used", ".1.lock", ".2.lock", "old"].map(folder.appending)
        for path in old { try Files.writeAtomically([], to: path) }
        let lock = try FileLock(folder.appending(".2.lock"), of: "an index", for: "a test")
        for path in old + [folder.appending(first)] { try tool("touch", "-d", "8 days ago", path.string) }
        try tool("touch", "-d", "6 days ago", folder.appending("used").string)
        // Using it makes it young.
        #expect(try apt.find().count == 1)
        #expect(try apt.kept().count == 5, "nothing came")
        try apt.publish(["main/binary-amd64": apt.package("linux") + apt.package("other")])
        #expect(try apt.find("other").count == 1)
        let second = try apt.digest("dists/bookworm/main/binary-amd64/Packages.xz")
        #expect(try apt.kept() == [first, second, ".2.lock", "used"].sorted())
        withExtendedLifetime(lock.descriptor) {}
    }
}
