import DevboxCore
import Foundation
import HostTools
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

@Suite("the machine's apt sources", .timeLimit(.minutes(3)))
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
}
