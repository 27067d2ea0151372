import DevboxCore
import Foundation
import HostTools
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

@Suite("Packages from real web servers", .serialized, .timeLimit(.minutes(10)))
struct ServerTests {
    let bed: FetchBed

    init() throws { bed = try FetchBed() }

    @Test(
        "a dated tree: the newest build, an older one by date, and the same again without a download",
        arguments: WebServer.Kind.allCases)
    func tree(kind: WebServer.Kind) throws {
        for (seed, day) in ["2026-11-18", "2026-11-19", "2026-11-20"].enumerated() {
            let name = "ltp-\(day.filter { $0 != "-" })-12-g0abc123-amd64.deb"
            try bed.publish("\(day)/amd64/ltp/\(name)", FetchBed.deb(UInt64(seed)))
            try bed.publish("\(day)/amd64/ltp/ltp-dbg-1-amd64.deb", FetchBed.deb(9))
        }
        // Of this day there is another package only.
        try bed.publish("2026-11-21/amd64/kselftest/kselftest-v6.12-1-gabcdef0-amd64.deb", FetchBed.deb(7))
        try tool("ln", "-s", "2026-11-18", bed.root.appending("latest").string)
        let server = try WebServer(kind, root: bed.root, in: bed.scratch)
        try bed.tree(server.address)

        let latest = try bed.fetch("ltp")
        #expect(latest.content == FetchBed.deb(2))
        #expect(latest.record.date == CalendarDay("2026-11-20"))
        #expect(latest.record.path == "amd64/ltp/2026-11-20-20261120-12-g0abc123/ltp-20261120-12-g0abc123-amd64.deb")
        #expect(latest.record.verifiedBy == "\(server.address)/2026-11-20/amd64/ltp/SHA256SUMS")
        #expect(try bed.fetch("ltp", date: "2026-11-19").content == FetchBed.deb(1))
        #expect(try bed.fetch("ltp", date: "3 days ago").content == FetchBed.deb(0))
        let again = try bed.fetch("ltp")
        #expect(again.wasThere)
        #expect(try bed.published().count == 3)
        #expect(reported { _ = try bed.fetch("ltp", date: "2026-11-01") }?.exitCode == .notFound)
        let mode = try Files.status(bed.work.share.appending("packages").pushing(FilePath(latest.record.path))).st_mode
        #expect(mode & 0o777 == 0o644)
        #expect(try bed.parts().isEmpty)
    }

    @Test("killed and started again in the middle, the file arrives whole", arguments: WebServer.Kind.allCases)
    func killed(kind: WebServer.Kind) throws {
        let size = 24 << 20
        let content = FetchBed.deb(5, size: size)
        try bed.publish("2026-11-20/amd64/ltp/ltp-1-2-gabcdef0-amd64.deb", content)
        // An earlier change: an ETag of the last second is a weak one with Apache.
        try tool(
            "touch", "-d", "2026-11-20", bed.root.pushing("2026-11-20/amd64/ltp/ltp-1-2-gabcdef0-amd64.deb").string)
        let server = try WebServer(kind, root: bed.root, in: bed.scratch, rate: 40 << 20)
        try bed.tree(server.address)
        var had: Int64 = 0
        let fetched = try bed.fetch("ltp") { transfers in
            guard had == 0, let received = transfers.first?.received, received > 4 << 20 else { return }
            had = received
            server.kill()
            #expect(throws: Never.self) { try server.start() }
        }
        #expect(had > 4 << 20 && had < size)
        #expect(fetched.content == content)
        #expect(try bed.parts().isEmpty)
        guard kind != .python else { return }  // It knows no ranges: nothing but the whole can be had.
        let resumed = try #require(try server.log().last { $0.hasPrefix("206") })
        let words = resumed.split(separator: " ")
        let offset = try #require(Int(words[1].filter(\.isNumber)))
        #expect(offset >= Int(had))
        #expect(Int(words[2]) == size - offset)
        #expect(try server.log().filter { $0.contains(".deb") && $0.hasPrefix("200") }.count <= 1)
    }

    @Test("a tree of a thousand days is listed with at most two requests where its shape allows that")
    func requests() throws {
        for number in 0..<1000 {
            let day = CalendarDay(number: 20_000 + number)
            try tool("mkdir", "-p", bed.root.appending("days/\(day)").string)
            try Files.writeAtomically(
                [UInt8](), to: bed.root.appending("ltp-\(day.text(separator: ""))-1-gabcdef0-amd64.deb"), mode: 0o644)
        }
        let server = try WebServer(.nginx, root: bed.root, in: bed.scratch)
        try bed.tree(server.address, pattern: "{root}/")
        let flat = try bed.fetcher()
        #expect(try flat.list(BuildQuery(package: "ltp", architecture: .amd64)).count == 1000)
        #expect(flat.requests == 1)
        try bed.tree(server.address + "/days", pattern: "{root}/{date}/{package}.tar.xz")
        let named = try bed.fetcher()
        #expect(try named.list(BuildQuery(package: "ltp", architecture: .amd64)).count == 1000)
        #expect(named.requests == 1)
        try bed.tree(server.address + "/days", pattern: "{root}/{date}/")
        let deep = try bed.fetcher()
        #expect(try deep.list(BuildQuery(package: "ltp", architecture: .amd64)).isEmpty)
        #expect(deep.requests == 61, "the newest days alone, where each costs a request")
    }

    @Test("two fetches of the same file at the same time: one download")
    func together() throws {
        try bed.publish("ltp-1-amd64.deb", FetchBed.deb(1, size: 6 << 20))
        let server = try WebServer(.nginx, root: bed.root, in: bed.scratch, rate: 6 << 20)
        try bed.tree(server.address, pattern: "{root}/")
        let command = Command(
            Devbox.program, ["fetch", "ltp", "--arch", "amd64"], environment: ["DEVBOX_WORK": bed.work.path.string])
        var first = try ChildProcess(command, output: .null, error: .null)
        var second = try ChildProcess(command, output: .null, error: .null)
        #expect(try first.wait() == .exited(0))
        #expect(try second.wait() == .exited(0))
        #expect(try server.log().filter { $0.contains("ltp-1-amd64.deb") }.count == 1)
        #expect(try bed.published() == ["ltp-1-amd64.deb"])
        // Nor does one fetch of it twice.
        try bed.publish("ltp-2-amd64.deb", FetchBed.deb(2, size: 6 << 20))
        let twice = Command(
            Devbox.program, ["fetch", "ltp", "ltp", "--arch", "amd64", "--date", "latest"],
            environment: ["DEVBOX_WORK": bed.work.path.string])
        var third = try ChildProcess(twice, output: .null, error: .null)
        #expect(try third.wait() == .exited(0))
        #expect(try server.log().filter { $0.contains("ltp-2-amd64.deb") }.count == 1)
    }

    @Test("SIGKILL in the middle, time and again: each call goes on where the one before ended")
    func sigkill() throws {
        let size = 16 << 20
        let content = FetchBed.deb(3, size: size)
        try bed.publish("ltp-1-amd64.deb", content)
        let server = try WebServer(.nginx, root: bed.root, in: bed.scratch, rate: 12 << 20)
        try bed.tree(server.address, pattern: "{root}/")
        let command = Command(
            Devbox.program, ["fetch", "ltp", "--arch", "amd64"], environment: ["DEVBOX_WORK": bed.work.path.string])
        var kills = 0
        while true {
            var child = try ChildProcess(command, output: .null, error: .null)
            if let status = try child.wait(until: .now + .milliseconds(500)) {
                #expect(status == .exited(0))
                break
            }
            child.signal(SIGKILL)
            _ = try child.wait()
            kills += 1
            try #require(kills < 40)
            // It may have been killed on its last steps; what can be seen is whole in any case.
            if let seen = try bed.published().first {
                #expect(seen == "ltp-1-amd64.deb")
                break
            }
        }
        #expect(kills > 1)
        #expect(try bed.published() == ["ltp-1-amd64.deb"])
        #expect(try bed.fetch("ltp").content == content)
        // The server notes what it sent when a connection ends; what a killed devbox had in its socket's buffer is lost.
        let sent = try server.log().filter { $0.contains(".deb") }.compactMap { Int($0.split(separator: " ")[2]) }
            .reduce(0, +)
        #expect(sent < size + (kills + 1) * (6 << 20), "\(sent)")
        #expect(try server.log().filter { $0.contains(".deb") && $0.hasPrefix("200") }.count == 1)
    }

    @Test("Ctrl-C ends it at once with 130, and leaves a part to go on with")
    func interrupt() throws {
        try bed.publish("ltp-1-amd64.deb", FetchBed.deb(3, size: 16 << 20))
        let server = try WebServer(.nginx, root: bed.root, in: bed.scratch, rate: 8 << 20)
        try bed.tree(server.address, pattern: "{root}/")
        let command = Command(
            Devbox.program, ["fetch", "ltp", "--arch", "amd64"], environment: ["DEVBOX_WORK": bed.work.path.string])
        var child = try ChildProcess(command, output: .null, error: .null)
        // Until so much has come that it is worth going on with.
        let deadline = ContinuousClock.now + .seconds(30)
        func hasBegun() throws -> Bool {
            try bed.parts().contains { name in
                guard name.hasSuffix(".part") else { return false }
                return try Files.status(bed.work.cache(.downloads).appending(name)).st_size > 2 << 20
            }
        }
        while try !hasBegun(), ContinuousClock.now < deadline { Interrupts.sleep(.milliseconds(10)) }
        let start = ContinuousClock.now
        child.signal(SIGINT)
        #expect(try child.wait() == .exited(130))
        #expect(ContinuousClock.now - start < .seconds(1))
        #expect(try bed.parts().contains { $0.hasSuffix(".part") })
        #expect(try bed.fetch("ltp").content == FetchBed.deb(3, size: 16 << 20))
        #expect(try server.log().contains { $0.hasPrefix("206") })
    }
}
