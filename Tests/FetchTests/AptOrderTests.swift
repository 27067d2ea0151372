import DevboxCore
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

@Suite("The newest of an apt repository", .timeLimit(.minutes(10)))
struct AptOrderTests {
    let bed: FetchBed

    init() throws { bed = try FetchBed() }

    @Test(
        "is the one that apt would take, whenever its file came; also in a flat repository",
        arguments: [
            (["1.0-1", "1.0-1~bpo12+1"], "1.0-1"), (["1:1.0", "2.0"], "1:1.0"), (["1.10", "1.9"], "1.10"),
        ])
    func order(versions: [String], newest: String) throws {
        var index = ""
        // The first one is the oldest file.
        for (number, version) in versions.enumerated() {
            let name = "foo_\(version.split(separator: ":").last ?? "")_amd64.deb"
            try bed.publish(name, FetchBed.deb(UInt64(number)), sums: false)
            let file = bed.root.appending(name)
            try tool("touch", "-d", "2026-11-1\(number)", file.string)
            index += """
                Package: foo
                Architecture: amd64
                Version: \(version)
                Filename: ./\(name)
                Size: \(try Files.status(file).st_size)
                SHA256: \(try SHA256Digest(of: file))


                """
        }
        try bed.publish("Packages", Array(index.utf8), sums: false)
        let key = try TestKey(in: bed.scratch, name: "one")
        let release = """
            Suite: test
            Date: Sat, 21 Nov 2026 08:15:36 UTC
            SHA256:
             \(try SHA256Digest(of: bed.root.appending("Packages"))) \(index.utf8.count) Packages

            """
        try bed.publish("InRelease", try key.clearSign(release, in: bed.scratch), sums: false)
        try bed.settings(
            "sources:\n  flat: {kind: apt, root: \"\(bed.root)\", suite: ./, keyring: \(key.keyring)}\n")
        #expect(try bed.fetch("foo").record.packageVersion == newest)
        var query = BuildQuery(package: "foo", architecture: .amd64)
        #expect(try bed.fetcher().list(query).count == 2)
        query.notAfter = CalendarDay("2026-11-10")
        #expect(try bed.fetcher().find(query)[0].version == versions[0])
    }
}
