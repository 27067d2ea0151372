import DevboxCore
import Foundation
import HostTools
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

@Suite("Many small files", .serialized, .timeLimit(.minutes(10)))
struct ManyFilesTests {
    let bed: FetchBed

    init() throws { bed = try FetchBed() }

    @Test("they come over few connections, each verified")
    func many() throws {
        for number in 0..<60 {
            try bed.publish("p\(number)-1-amd64.deb", FetchBed.deb(UInt64(number), size: 500), sums: number != 59)
        }
        let server = try WebServer(.nginx, root: bed.root, in: bed.scratch)
        try bed.tree(server.address, pattern: "{root}/")
        let fetcher = try bed.fetcher()
        let builds = try (0..<60).flatMap { try fetcher.find(BuildQuery(package: "p\($0)", architecture: .amd64)) }
        // One cannot be put into place, which keeps no other from it.
        let packages = bed.work.share.appending("packages/amd64")
        try Files.makeDirectory(packages, mode: 0o755)
        try tool("ln", "-s", bed.scratch.path.string, packages.appending("p7").string)
        let results = try fetcher.fetch(builds, allowingUnlisted: true)
        #expect(reported { _ = try results[7].get() }?.message.contains("link") == true)
        #expect(try Files.list(bed.work.cache(.downloads)).isEmpty)
        for (number, result) in results.enumerated() where number != 7 {
            let fetched = try result.get()
            #expect(try Files.read(fetcher.path(fetched.record)) == FetchBed.deb(UInt64(number), size: 500))
            #expect((fetched.record.verifiedBy == nil) == (number == 59))
        }
        #expect(fetcher.requests == 2, "one index, one SHA256SUMS")
        try Files.remove(packages.appending("p7"))
        let again = try fetcher.fetch(builds, allowingUnlisted: true)
        #expect(try again.map { try $0.get().wasThere } == (0..<60).map { $0 != 7 })
    }

    @Test(
        "of a server that is far away they come over many connections where it keeps them open, else over six at most")
    func distant() throws {
        for keepsOpen in [true, false] {
            let files = Dictionary(
                uniqueKeysWithValues: (1...80).map { ("p\($0)-1-amd64.deb", FetchBed.deb($0, size: 4000)) })
            let index = files.keys.map { "<a href=\"\($0)\">\($0)</a> 30-Sep-2026 01:02  4000\n" }.joined()
            let gauge = Mutex((now: 0, most: 0))
            let server = try RawServer(keepsOpen: keepsOpen) { request, connection in
                gauge.withLock { $0 = ($0.now + 1, max($0.most, $0.now + 1)) }
                usleep(20_000)
                gauge.withLock { $0.now -= 1 }
                let content = files[String(request.path.dropFirst())]
                connection.answer("200 OK", [:], content ?? Array(index.utf8))
            }
            try bed.tree(server.address, pattern: "{root}/")
            let fetcher = try bed.fetcher()
            let builds = try (1...80).flatMap {
                try fetcher.find(BuildQuery(package: "p\($0)", architecture: .amd64))
            }
            for result in try fetcher.fetch(builds) {
                let record = try result.get().record
                #expect(try Files.read(fetcher.path(record)) == files["\(record.package)-1-amd64.deb"])
                try fetcher.store.forget(record)
            }
            let most = gauge.withLock { $0.most }
            #expect(keepsOpen ? most > 40 : most <= 6, "\(most)")
        }
    }

    @Test("what came is let go as soon as it is in place")
    func memory() throws {
        for number in 0..<150 { try bed.publish("p\(number)-1-amd64.deb", FetchBed.deb(UInt64(number), size: 400_000)) }
        let server = try WebServer(.nginx, root: bed.root, in: bed.scratch)
        try bed.tree(server.address, pattern: "{root}/")
        func peak(_ numbers: Range<Int>) throws -> Int {
            let arguments =
                ["-f", "%M", Devbox.program.name, "fetch", "--quiet", "--arch", "amd64"] + numbers.map { "p\($0)" }
            let output = try runner.run(
                Command(
                    Program("time", package: "time", for: "tests"), arguments,
                    environment: ["DEVBOX_WORK": bed.work.path.string]))
            return try #require(Int(output.complaint))
        }
        let few = try peak(0..<30)
        let many = try peak(30..<150)
        #expect(many < few + 20_000, "\(few) and \(many) KB, for 36 MB more")
    }

    @Test("a folder's index and its digests come in one round trip")
    func roundTrip() throws {
        let content = FetchBed.deb(1)
        let both = DispatchGroup()
        let server = try RawServer { request, connection in
            if ["/", "/SHA256SUMS"].contains(request.path) {
                both.leave()
                // Neither is answered before both were asked for.
                if both.wait(timeout: .now() + 5) == .timedOut { return connection.answer("403 One after the other") }
            }
            switch request.path {
            case "/": connection.answer("200 OK", [:], Array("<a href=\"ltp-1-amd64.deb\">l</a>".utf8))
            case "/SHA256SUMS": connection.answer("404 Not Found")
            default: connection.answer("200 OK", [:], content)
            }
        }
        both.enter()
        both.enter()
        try bed.tree(server.address, pattern: "{root}/")
        var patient = FetchBed.limits
        patient.stall = .seconds(20)
        let fetched = try bed.fetch("ltp", fetcher: bed.fetcher(limits: patient))
        #expect(fetched.content == content)
        #expect(fetched.record.verifiedBy == nil, "there are none, which the index says")
        #expect(server.requests.count == 3)
    }
}
