import DevboxCore
import Foundation
import HostTools
import SystemPackage
import TestSupport
import Testing

@testable import Fetch
@testable import Packages

@Suite("the machine's apt sources", .timeLimit(.minutes(10)))
struct AptMachineTests {
    let apt: AptBed
    var bed: FetchBed { apt.bed }

    init() throws { apt = try AptBed() }

    @Test(
        "sources whose lists were never fetched are told from none, by fetch and by sources, with what to run",
        arguments: ["sources.list", "sources.list.d/test.sources"])
    func neverUpdated(file: String) throws {
        try apt.publish(["main/binary-amd64": apt.package("linux")])
        let environment = try bed.apt()
        let list = bed.scratch("apt-none/etc").pushing(FilePath(file))
        func write(_ line: String, _ paragraph: String) throws {
            let text = file.hasSuffix(".sources") ? paragraph : line
            try Files.writeAtomically(Array(text.utf8), to: list, mode: 0o644)
        }
        let source = "URIs: file:\(bed.root)\nSuites: bookworm\n# why not\nComponents: main\n"
        try write("# deb file:\(bed.root) bookworm main\n", "Types: deb\nEnabled: no\n\(source)")
        func report() throws -> Fetcher.SourceReport {
            try #require(try bed.fetcher(apt: environment).report().last)
        }
        #expect(try report().reason == "the machine has no apt sources")
        let trust = apt.keyring
        try write(
            "deb [signed-by=\(trust)] file:\(bed.root) bookworm main\n", "Types: deb\nSigned-By: \(trust)\n\(source)")
        let error = try #require(reported { _ = try apt.find(fetcher: bed.fetcher(apt: environment)) })
        #expect(error.exitCode == .notFound)
        #expect(
            error.message
                == "apt has sources (\(list)), but no lists of packages: `apt-get update` was not run, or brought none")
        #expect(error.hint?.hasSuffix("apt-get update`") == true)
        #expect(try report().reason == error.message)
        try apt.update(environment)
        #expect(try report().answers)
        #expect(try apt.find(fetcher: bed.fetcher(apt: environment)).count == 1)
    }

    @Test("a package for every architecture is found where apt keeps an index of those alone")
    func all() throws {
        try apt.publish(
            [
                "main/binary-amd64": apt.package("linux"),
                "main/binary-all": apt.package("linux-doc", architecture: "all"),
            ], fields: ["Architectures: amd64 all"])
        let environment = try bed.apt("deb [signed-by=\(apt.keyring)] file:\(bed.root) bookworm main\n")
        try apt.update(environment)
        let fetcher = try bed.fetcher(apt: environment)
        #expect(try apt.find("linux-doc", fetcher: fetcher).map(\.address.name) == ["linux-doc_1.0-1_all.deb"])
    }

    /// Sources of both releases in apt's own form, each line of Signed-By as sources.list(5) has it; apt itself has read them.
    private func machine(_ signedBy: [String], trusted: Bool = false) throws -> [String: String] {
        for suite in ["bookworm", "sid"] {
            for (number, _) in signedBy.enumerated() {
                try apt.publish(["main/binary-amd64": apt.package("linux-\(number)")], suite: "\(suite)-\(number)")
            }
        }
        let environment = try bed.apt()
        let etc = bed.scratch("apt-none/etc")
        if trusted { try tool("cp", apt.keyring.string, etc.appending("trusted.gpg.d").string) }
        for (number, text) in signedBy.enumerated() {
            let source = """
                Types: deb
                # a comment
                URIs: file:\(bed.root)
                Suites: bookworm-\(number)
                Components: main
                Signed-By: \(text)

                """
            try Files.writeAtomically(
                Array(source.utf8), to: etc.pushing(FilePath("sources.list.d/\(number).sources")), mode: 0o644)
        }
        try apt.update(environment)
        return environment
    }

    private func block(_ key: FilePath) throws -> String {
        try Files.text(key).split(separator: "\n", omittingEmptySubsequences: false)
            .map { $0.isEmpty ? "\n ." : "\n \($0)" }.joined()
    }

    private func fingerprint() throws -> String {
        let text = try tool("gpg", "--show-keys", "--with-colons", apt.keyring.string)
        let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("fpr:") })
        return String(try #require(line.split(separator: ":").last))
    }

    private func find(_ number: Int, _ environment: [String: String]) throws -> [Build] {
        try apt.find("linux-\(number)", fetcher: bed.fetcher(apt: environment), suite: "sid")
    }

    @Test("a source whose key stands in the sources file, or is told by its fingerprint, is fetched from")
    func keys() throws {
        let environment = try machine([block(apt.armoured), fingerprint(), "\(fingerprint())!"], trusted: true)
        for number in 0...2 {
            let build = try #require(try find(number, environment).first)
            let file = bed.root.appending("pool/\(build.address.name)")
            #expect(build.checksum == .known(.sha256(try SHA256Digest(of: file)), from: "the signed apt index"))
        }
    }

    @Test("a fingerprint, and a block of keys, leave all other keys out: 65")
    func otherKeys() throws {
        let other = try TestKey(in: bed.scratch, name: "other")
        let environment = try machine([apt.keyring.string], trusted: true)
        let list = bed.scratch("apt-none/etc/sources.list.d/0.sources")
        let text = try Files.text(list)
        for (signedBy, words) in [
            (String(repeating: "A", count: 40), "which is not one of those that the source names"),
            (try block(other.armoured), "which is not in the keyring"),
        ] {
            try Files.writeAtomically(
                Array(text.replacingOccurrences(of: apt.keyring.string, with: signedBy).utf8), to: list, mode: 0o644)
            let error = try #require(reported { _ = try find(0, environment) })
            #expect(error.exitCode == .badInput)
            #expect(error.message.contains(words), "\(error.message)")
        }
    }

    @Test("a source whose key cannot be used is warned of by name, and the others are asked")
    func unusable() throws {
        let environment = try machine([apt.keyring.string, apt.keyring.string])
        let list = bed.scratch("apt-none/etc/sources.list.d/0.sources")
        let text = try Files.text(list)
        for wrong in ["/nowhere.gpg", "\n -----BEGIN PGP PUBLIC KEY BLOCK-----\n -----END"] {
            try Files.writeAtomically(
                Array(text.replacingOccurrences(of: apt.keyring.string, with: wrong).utf8), to: list, mode: 0o644)
            let fetcher = try bed.fetcher(apt: environment)
            for _ in 0..<2 { #expect(try apt.find("linux-1", fetcher: fetcher, suite: "sid").count == 1) }
            let words = "the apt source \(bed.root)/ bookworm-0 of \(list) is not asked: its Signed-By "
            #expect(fetcher.context.remarks.said.map { $0.hasPrefix(words) } == [true], "said once")
            #expect(reported { _ = try find(0, environment) }?.exitCode == .notFound, "there is no build of it")
        }
    }

    @Test("where no source has a key that can be used, the first one's is told: 69")
    func noneUsable() throws {
        let environment = try machine([apt.keyring.string])
        try Files.remove(apt.keyring)
        let error = try #require(reported { _ = try find(0, environment) })
        #expect(error.exitCode == .missing)
        #expect(error.message.contains("bookworm-0 of ") && error.message.contains(apt.keyring.string))
    }

    @Test("what Signed-By can say")
    func signedBy() throws {
        func keys(_ text: String) throws -> AptKeys {
            let entry = AptEntry(uri: "", suite: "", signedBy: text.isEmpty ? nil : text)
            return try AptKeys(entry, in: "/test.sources") { [Keyring("/trusted.gpg")] }
        }
        let (ring, print) = (apt.keyring, String(repeating: "aB", count: 20))
        #expect(try keys("").keyrings == [Keyring("/trusted.gpg")])
        #expect(try keys("\(ring),\(apt.armoured)").keyrings == [Keyring(ring), Keyring(apt.armoured)])
        #expect(try keys("\(ring) \(print)!").signers == ["\(print.uppercased())!"])
        #expect(try keys("\(ring) \(print)").keyrings == [Keyring(ring)], "a fingerprint selects from the keyrings")
        #expect(try keys(print).keyrings == [Keyring("/trusted.gpg")])
        for wrong in ["DEADBEEF", "\(print)?", "archive.gpg", "/nowhere.gpg"] {
            #expect(reported { _ = try keys(wrong) }?.exitCode == .missing, "\(wrong)")
        }
    }
}
