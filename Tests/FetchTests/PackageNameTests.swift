import DevboxCore
import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

@Suite("Packages by what their files are called", .timeLimit(.minutes(10)))
struct PackageNameTests {
    let bed: FetchBed

    init() throws { bed = try FetchBed() }

    @Test(
        "a debug package that lies beside its package comes with it",
        arguments: ["{root}/", "{root}/{date}/{package}/"])
    func debugBeside(pattern: String) throws {
        let folder = pattern == "{root}/" ? "" : "2026-11-20/ltp/"
        for name in ["ltp", "ltp-dbg"] {
            try bed.publish("\(folder)\(name)-20261120-1-gabcdef0-amd64.deb", FetchBed.deb(1))
            try bed.publish("\(folder)\(name)-20261119-1-gabcdef0-amd64.deb", FetchBed.deb(2))
        }
        try bed.tree(bed.root.string, pattern: pattern)
        let builds = try bed.fetcher().find(BuildQuery(package: "ltp", architecture: .amd64), withDebug: true)
        #expect(
            builds.map(\.address.name) == [
                "ltp-20261120-1-gabcdef0-amd64.deb", "ltp-dbg-20261120-1-gabcdef0-amd64.deb",
            ])
        #expect(builds[0].date == builds[1].date)
    }

    @Test(
        "a folder with a kernel's packages as bindeb-pkg calls them: its kernels are listed, their symbols come with --with-debug"
    )
    func bindeb() throws {
        for (seed, kernel) in ["6.12.0-rc1", "6.12.0-rc1-00045-g1234567"].enumerated() {
            for name in ["linux-image-\(kernel)", "linux-image-\(kernel)-dbg", "linux-headers-\(kernel)"] {
                try bed.publish("\(name)_6.12.0~rc1-\(seed + 1)_amd64.deb", FetchBed.deb(UInt64(name.utf8.count)))
            }
        }
        try bed.publish("linux-libc-dev_6.12.0~rc1-1_amd64.deb", FetchBed.deb(9))
        try bed.tree(bed.root.string, pattern: "{root}/")
        let fetcher = try bed.fetcher()
        func list(_ package: String) throws -> [String] {
            try fetcher.list(BuildQuery(package: package, architecture: .amd64)).map(\.address.name)
        }
        #expect(
            try list("linux-image") == [
                "linux-image-6.12.0-rc1-00045-g1234567_6.12.0~rc1-2_amd64.deb",
                "linux-image-6.12.0-rc1_6.12.0~rc1-1_amd64.deb",
            ])
        #expect(try list("linux-image-6.12.0-rc1") == ["linux-image-6.12.0-rc1_6.12.0~rc1-1_amd64.deb"])
        var query = BuildQuery(package: "linux-image", architecture: .amd64)
        query.kernelVersion = "6.12.0-rc1"
        query.version = "6.12.0~rc1-1"
        let builds = try fetcher.find(query, withDebug: true)
        #expect(
            builds.map(\.address.name) == [
                "linux-image-6.12.0-rc1_6.12.0~rc1-1_amd64.deb", "linux-image-6.12.0-rc1-dbg_6.12.0~rc1-1_amd64.deb",
            ])
        #expect(try fetcher.fetch(builds).allSatisfy { try !$0.get().wasThere })
    }

    @Test("a package that its control file calls otherwise than its file's name does is refused")
    func misnamed() throws {
        let package = try TestPackage("linux-image-6.12.0-dbg", version: "6.12.0-1", architecture: "amd64").pack(
            in: bed.scratch)
        try bed.publish("linux-image-6.12.0_6.12.0-1_amd64.deb", Files.read(package))
        try bed.tree(bed.root.string, pattern: "{root}/")
        let error = reported { _ = try bed.fetch("linux-image") }
        #expect(error?.exitCode == .badInput)
        #expect(
            error?.message.hasSuffix("holds the package linux-image-6.12.0-dbg, but is called linux-image-6.12.0")
                == true)
        #expect(try bed.published().isEmpty)
        try bed.publish("dbg/linux-image-6.12.0-dbg_6.12.0-1_amd64.deb", Files.read(package))
        try bed.tree("\(bed.root)/dbg", pattern: "{root}/")
        #expect(try bed.fetch("linux-image-6.12.0-dbg").content == Files.read(package))
    }
}
