import DevboxCore
import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

@Suite("Sources", .timeLimit(.minutes(10)))
struct SourceTests {
    let bed: FetchBed

    init() throws { bed = try FetchBed() }

    private static let known: [(pattern: String, path: String)] = [
        ("{root}/{date}/{arch}/{package}/", "2026-11-20/amd64/ltp/ltp-1-amd64.deb"),
        ("{root}/{arch}/{date}/", "x86_64/20261120/ltp-1.deb"),
        ("{root}/{package}/{arch}/", "ltp/amd64/ltp-20261120-1-gabcdef0-amd64.deb"),
        ("{root}/{kernel-version}/{date}/{package}-{arch}/", "v6.12/2026.11.20/ltp-amd64/ltp-1.deb"),
        ("{root}/{suite}/{date}-{arch}/{package}.{format}", "bookworm/2026-11-20-x86_64/ltp.deb"),
        ("{root}/build-*/{date}/", "build-77/2026-11-20/ltp_1_amd64.deb"),
        ("{root}/", "ltp-20261120-12-gabcdef0-amd64.deb"),
    ]

    @Test("the levels of a tree come in any order, in a folder and over HTTP", arguments: known, [true, false])
    func shapes(shape: (pattern: String, path: String), isFolder: Bool) throws {
        try bed.publish(shape.path, FetchBed.deb(1))
        let server = isFolder ? nil : try WebServer(.python, root: bed.root, in: bed.scratch)
        try bed.tree(server?.address ?? bed.root.string, pattern: shape.pattern)
        let fetcher = try bed.fetcher()
        var query = BuildQuery(package: "ltp", architecture: .amd64)
        query.suite = "bookworm"
        let builds = try fetcher.find(query)
        #expect(builds.first?.date == CalendarDay("2026-11-20"))
        #expect(builds.first?.words.hasSuffix(" of 2026-11-20") == true)
        let fetched = try fetcher.fetch(builds)[0].get()
        #expect(try Files.read(fetcher.path(fetched.record)) == FetchBed.deb(1))
        query.architecture = .arm64
        #expect(reported { _ = try fetcher.find(query) }?.exitCode == .notFound)
    }

    @Test("where no name has a day, the file's counts, and is called that")
    func filed() throws {
        try bed.publish("ltp-1-amd64.deb", FetchBed.deb(1))
        try tool("touch", "-d", "2026-11-19T12:00Z", bed.root.appending("ltp-1-amd64.deb").string)
        try bed.tree(bed.root.string, pattern: "{root}/")
        var build = try bed.fetcher().find(BuildQuery(package: "ltp", architecture: .amd64))[0]
        #expect(build.words == "1, filed 2026-11-19")
        build.date = nil
        #expect(build.words == "1")
    }

    @Test("by kernel version, by format, by exact day, by version")
    func choices() throws {
        for (seed, path) in [
            "v6.11/2026-11-20/t-v6.11-2-gabcdef0-amd64.deb", "v6.12/2026-11-18/t-v6.12-1-gabcdef0-amd64.deb",
            "v6.12/2026-11-18/t-v6.12-1-gabcdef0-amd64.tar.xz", "v6.12/2026-11-18/t-v6.12-1-gabcdef0-arm64.deb",
        ].enumerated() { try bed.publish(path, FetchBed.deb(UInt64(seed))) }
        try bed.tree(bed.root.string, pattern: "{root}/{kernel-version}/{date}/")
        let fetcher = try bed.fetcher()
        func find(_ change: (inout BuildQuery) -> Void, formats: [PackageFormat] = PackageFormat.allCases) throws
            -> String
        {
            var query = BuildQuery(package: "t", architecture: .amd64)
            change(&query)
            return try fetcher.find(query, formats: formats)[0].address.name
        }
        #expect(try find { _ in } == "t-v6.11-2-gabcdef0-amd64.deb")
        #expect(try find { $0.kernelVersion = "6.12" } == "t-v6.12-1-gabcdef0-amd64.deb")
        #expect(try find { $0.format = .tarXZ } == "t-v6.12-1-gabcdef0-amd64.tar.xz")
        #expect(try find({ $0.kernelVersion = "6.12" }, formats: [.tarXZ]) == "t-v6.12-1-gabcdef0-amd64.tar.xz")
        #expect(try find { $0.version = "6.12-1-gabcdef0" } == "t-v6.12-1-gabcdef0-amd64.deb")
        #expect(try find { $0.notAfter = CalendarDay("2026-11-19") } == "t-v6.12-1-gabcdef0-amd64.deb")
        let exact = reported { _ = try find { ($0.notAfter, $0.isExact) = (CalendarDay("2026-11-19"), true) } }
        #expect(exact?.exitCode == .notFound)
        #expect(exact?.message.contains("of 2026-11-19") == true)
    }

    @Test("what was asked for and the source's names do not tell is not taken for granted")
    func notClaimed() throws {
        for version in ["6.11", "v6.12", "v6.12.1"] { try bed.publish("tree/t-\(version)-amd64.deb", FetchBed.deb(1)) }
        try bed.publish("days/2026-11-20/t.deb", FetchBed.deb(2))
        try bed.settings(
            """
            sources:
              tree: {kind: tree, root: "\(bed.root)/tree", pattern: "{root}/"}
              days: {kind: address, root: "\(bed.root)/days", pattern: "{root}/{date}/t.deb"}
            """)
        let fetcher = try bed.fetcher()
        func find(_ source: String, _ change: (inout BuildQuery) -> Void) throws -> Build {
            var query = BuildQuery(package: "t", architecture: .amd64)
            change(&query)
            return try fetcher.find(query, source: source)[0]
        }
        #expect(try find("tree") { $0.kernelVersion = "6.11" }.address.name == "t-6.11-amd64.deb")
        #expect(try find("tree") { $0.kernelVersion = "6.11" }.kernelVersion == nil)
        #expect(reported { _ = try find("tree") { $0.kernelVersion = "5.4" } }?.exitCode == .notFound)
        #expect(reported { _ = try find("days") { $0.version = "banana" } }?.exitCode == .notFound)
        #expect(reported { _ = try find("days") { $0.kernelVersion = "6.11" } }?.exitCode == .notFound)
        #expect(try find("days") { $0.version = "20261120" }.date == CalendarDay("2026-11-20"))
        #expect(try find("tree") { $0.version = "v6.11" }.version == "6.11")
        // The highest version, with its v or without.
        #expect(try find("tree") { _ in }.version == "v6.12.1")
    }

    @Test("a folder of a kernel is found by the beginning of its name, of several the highest, with its v or without")
    func kernels() throws {
        for (seed, kernel) in ["v6.12-rc1-34-gabcdef0", "6.12", "6.12.1", "6.9"].enumerated() {
            try bed.publish("\(kernel)/amd64/t.deb", FetchBed.deb(UInt64(seed)))
            try tool(
                "touch", "-d", "2026-11-19",
                bed.root.appending("\(kernel)").appending("amd64").appending("t.deb").string)
        }
        try bed.tree(bed.root.string, pattern: "{root}/{kernel-version}/{arch}/")
        func find(_ kernel: String?) throws -> String? {
            var query = BuildQuery(package: "t", architecture: .amd64)
            query.kernelVersion = kernel
            return try bed.fetcher().find(query)[0].kernelVersion
        }
        #expect(try find("6.12") == "6.12")
        #expect(try find("v6.12") == "6.12")
        #expect(try find("6.12-rc1") == "v6.12-rc1-34-gabcdef0")
        #expect(try find("v6.9") == "6.9")
        #expect(try find(nil) == "6.12.1")
    }

    @Test("builds that differ in the kernel or the release alone are different ones, and each is kept")
    func divided() throws {
        for (seed, path) in ["6.12", "6.13"].enumerated() {
            try bed.publish("kernels/\(path)/2026-11-20/t.deb", FetchBed.deb(UInt64(seed)), sums: false)
        }
        for (seed, path) in ["bookworm", "trixie"].enumerated() {
            try bed.publish("suites/\(path)/2026-11-20/t.deb", FetchBed.deb(UInt64(seed)))
        }
        try bed.settings(
            """
            sources:
              kernels: {kind: tree, root: "\(bed.root)/kernels", pattern: "{root}/{kernel-version}/{date}/"}
              suites: {kind: address, root: "\(bed.root)/suites", pattern: "{root}/{suite}/{date}/{package}.deb"}
            """)
        let fetcher = try bed.fetcher()
        func fetch(_ source: String, _ change: (inout BuildQuery) -> Void) throws -> [UInt8] {
            var query = BuildQuery(package: "t", architecture: .amd64)
            change(&query)
            let builds = try fetcher.find(query, source: source)
            #expect(try fetcher.fetched(builds[0]) == nil)
            let fetched = try fetcher.fetch(builds)[0].get()
            #expect(try !fetched.wasThere && fetcher.fetch(builds)[0].get().wasThere)
            return try Files.read(fetcher.path(fetched.record))
        }
        #expect(try fetch("kernels") { $0.kernelVersion = "6.12" } == FetchBed.deb(0))
        #expect(try fetch("kernels") { $0.kernelVersion = "6.13" } == FetchBed.deb(1))
        #expect(try fetch("suites") { $0.suite = "bookworm" } == FetchBed.deb(0))
        #expect(try fetch("suites") { $0.suite = "trixie" } == FetchBed.deb(1))
    }

    @Test(
        "a file that says nothing of itself has the day that its server tells of it, also where the index has no days")
    func nameless() throws {
        try bed.publish("amd64/ltp/ltp.deb", FetchBed.deb(1))
        try tool("touch", "-d", "2026-11-19T12:00Z", bed.root.pushing("amd64/ltp/ltp.deb").string)
        let server = try WebServer(.python, root: bed.root, in: bed.scratch)
        try bed.tree(server.address, pattern: "{root}/{arch}/{package}/")
        let build = try bed.fetcher().find(BuildQuery(package: "ltp", architecture: .amd64))[0]
        #expect(build.words == "20261119, filed 2026-11-19")
        #expect(try bed.fetch("ltp").content == FetchBed.deb(1))
    }

    @Test("of a folder that is a source only plain files count, and a fifo keeps nobody waiting")
    func fifo() throws {
        try tool("mkfifo", bed.root.appending("ltp-1-amd64.deb").string, bed.root.appending("ltp.deb").string)
        try bed.settings(
            """
            sources:
              tree: {kind: tree, root: "\(bed.root)", pattern: "{root}/"}
              address: {kind: address, root: "\(bed.root)", pattern: "{root}/ltp.deb"}
            """)
        for source in ["tree", "address"] {
            let query = BuildQuery(package: "ltp", architecture: .amd64)
            #expect(reported { _ = try bed.fetcher().find(query, source: source) }?.exitCode == .notFound)
        }
        let address = try Address("\(bed.root)/ltp.deb")
        let request = Downloader.Request(
            address: address, key: PartKey(address), size: .unknown, limit: 1 << 20, expected: nil)
        let error = reported { _ = try bed.fetcher().context.downloader.bring(request) }
        #expect(error?.exitCode == .badInput && error?.message == "\(address) is no plain file")
    }

    @Test("a folder that is not there is called that, and not an answer of a server")
    func noFolder() throws {
        try bed.tree("\(bed.root)/none", pattern: "{root}/{arch}/")
        let error = reported { _ = try bed.fetch("ltp") }
        #expect(error?.exitCode == .notFound && error?.message == "there is no \(bed.root)/none/")
    }

    @Test(
        "a root that is not there is named, whatever the pattern", arguments: ["{root}/", "{root}/{arch}/{package}/"])
    func noRoot(pattern: String) throws {
        let server = try WebServer(.python, root: bed.root, in: bed.scratch)
        try bed.tree("\(server.address)/nowhere", pattern: pattern)
        let error = try #require(reported { _ = try bed.fetch("ltp") })
        #expect(error.exitCode == .failure && error.message == "\(server.address)/nowhere/ answered 404 (not found)")
        // One that is there and has no such package is something else.
        try bed.tree(server.address, pattern: pattern)
        #expect(reported { _ = try bed.fetch("ltp") }?.exitCode == .notFound)
    }

    @Test("the newest build is found though it is older than a thousand others' days")
    func rare() throws {
        let first = try #require(CalendarDay("2023-01-01"))
        try bed.publish("\(first)/rare-1-amd64.deb", FetchBed.deb(1))
        for number in 1...1000 { try Files.makeDirectory(bed.root.appending("\(first.adding(number))")) }
        try bed.tree(bed.root.string, pattern: "{root}/{date}/")
        #expect(try bed.fetcher().find(BuildQuery(package: "rare", architecture: .amd64))[0].date == first)
    }

    @Test("addresses without an index: the newest not after a day is found by asking, within reach")
    func addresses() throws {
        for day in ["20261105", "20261118"] {
            try bed.publish(
                "bookworm/amd64/ltp/\(day)/ltp.tar.xz", [0xFD, 0x37, 0x7A, 0x58, 0x5A, 0x00, UInt8(day.count)],
                sums: day == "20261118")
        }
        // No server lists anything: an index would have to be asked for by name.
        let server = try RawServer { [root = bed.root] request, connection in
            let file = root.pushing(FilePath(String(request.path.dropFirst())))
            guard request.path.split(separator: "/").count > 4, let bytes = try? Files.read(file) else {
                return connection.answer("404 Not Found")
            }
            connection.answer("200 OK", [:], bytes, head: request.method == "HEAD")
        }
        try bed.settings(
            """
            sources:
              lab:
                kind: address
                root: \(server.address)
                pattern: "{root}/{suite}/{arch}/ltp/{date}/ltp.tar.xz"
                packages: [ltp]
                date-format: YYYYMMDD
                reach: 30
            """)
        let fetcher = try bed.fetcher()
        var query = BuildQuery(package: "ltp", architecture: .amd64)
        #expect(reported { _ = try fetcher.find(query) }?.exitCode == .usage)
        query.suite = "bookworm"
        let newest = try fetcher.find(query)
        #expect(newest[0].date == CalendarDay("2026-11-18"))
        #expect(newest[0].version == "20261118")
        #expect(server.requests.count == 8, "a few days at once, and no more")
        let fetched = try fetcher.fetch(newest)[0].get()
        #expect(fetched.record.verifiedBy?.hasSuffix("SHA256SUMS") == true)
        query.notAfter = CalendarDay("2026-11-17")
        #expect(try fetcher.find(query)[0].date == CalendarDay("2026-11-05"))
        query.notAfter = CalendarDay("2026-11-04")
        #expect(reported { _ = try fetcher.find(query) }?.exitCode == .notFound)
        #expect(server.requests.count < 60)
        (query.notAfter, query.since) = (nil, CalendarDay("2026-11-01"))
        #expect(try fetcher.list(query).map(\.version) == ["20261118", "20261105"])
        // Days without end are not asked for.
        query.since = CalendarDay("2000-01-01")
        #expect(try fetcher.list(query).map(\.version) == ["20261118", "20261105"])
        #expect(server.requests.count < 100)
    }

    @Test(
        "a server that answers 403 for what is not there: other days are asked for, and it is told where none is there")
    func forbidden() throws {
        let server = try RawServer { request, connection in
            let isThere = request.path == "/2026-11-18/t.deb"
            connection.answer(
                isThere ? "200 OK" : "403 Forbidden", [:], FetchBed.deb(1), head: request.method == "HEAD")
        }
        try bed.settings(
            "sources:\n  s: {kind: address, root: \"\(server.address)\", pattern: \"{root}/{date}/{package}.deb\"}\n")
        let fetcher = try bed.fetcher()
        #expect(try fetcher.find(BuildQuery(package: "t", architecture: .amd64))[0].date == CalendarDay("2026-11-18"))
        let error = reported { _ = try fetcher.find(BuildQuery(package: "u", architecture: .amd64)) }
        #expect(error?.exitCode == .failure && error?.message.hasSuffix("answered 403 (forbidden)") == true)
    }

    @Test("a source that fails does not hide another that has the package")
    func several() throws {
        try bed.publish("ltp-20261118-amd64.deb", FetchBed.deb(1))
        let port = try RawServer.freePort()
        try bed.settings(
            """
            sources:
              gone: {kind: tree, root: "http://127.0.0.1:\(port)", pattern: "{root}/"}
              here: {kind: tree, root: "\(bed.root)", pattern: "{root}/"}
            """)
        #expect(try bed.fetch("ltp").record.source == "here")
        let report = try bed.fetcher().report()
        #expect(report.map(\.answers).prefix(2) == [false, true])
        #expect(report[0].reason?.contains("cannot be reached") == true)
    }
}
