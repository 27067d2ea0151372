import DevboxCore
import Foundation
import TestSupport
import Testing

@testable import Fetch

/// A store of objects that answers as S3 does: lists where the bucket itself is asked, objects by their keys, 403 for all else.
private final class Store: Sendable {
    let server: RawServer
    var address: String { server.address }

    /// - Parameters:
    ///   - bucket: the path of the bucket: "/" or "/builds/".
    ///   - page: how many keys one answer has.
    init(_ objects: [String: [UInt8]], bucket: String = "/", page: Int = 1000, isForbidden: Bool = true) throws {
        server = try RawServer { request, connection in
            let parts = request.path.split(separator: "?", maxSplits: 1, omittingEmptySubsequences: false).map(
                String.init)
            let path = parts[0].removingPercentEncoding ?? ""
            guard path.hasPrefix(bucket), !parts[0].contains("+") else { return connection.answer("403 Forbidden") }
            if path == bucket {
                let answer = Self.list(objects, parts.count > 1 ? parts[1] : "", page)
                return connection.answer("200 OK", ["Content-Type": "application/xml"], Array(answer.utf8))
            }
            guard let content = objects[String(path.dropFirst(bucket.count))] else {
                let error = Array("<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>".utf8)
                return connection.answer(
                    isForbidden ? "403 Forbidden" : "404 Not Found", [:], error, head: request.method == "HEAD")
            }
            connection.answer(
                "200 OK", ["Last-Modified": "Fri, 20 Nov 2026 01:02:03 GMT"], content, head: request.method == "HEAD")
        }
    }

    private static func list(_ objects: [String: [UInt8]], _ query: String, _ page: Int) -> String {
        var items: [String: String] = [:]
        for item in query.split(separator: "&") {
            let parts = item.split(separator: "=", omittingEmptySubsequences: false).map {
                $0.removingPercentEncoding ?? ""
            }
            items[parts[0]] = parts.count > 1 ? parts[1] : ""
        }
        let prefix = items["prefix"] ?? ""
        var rows: [(key: String, text: String)] = []
        var seen: Set<String> = []
        for key in objects.keys.sorted() where key.hasPrefix(prefix) {
            let rest = key.dropFirst(prefix.count)
            if items["delimiter"] == "/", let slash = rest.firstIndex(of: "/") {
                let common = prefix + rest[...slash]
                if seen.insert(common).inserted {
                    rows.append((common, "<CommonPrefixes><Prefix>\(escaped(common))</Prefix></CommonPrefixes>"))
                }
            } else {
                rows.append(
                    (
                        key,
                        "<Contents><Key>\(escaped(key))</Key><LastModified>2026-11-20T01:02:03.000Z</LastModified><ETag>&quot;x&quot;</ETag><Size>\(objects[key]?.count ?? 0)</Size></Contents>"
                    ))
            }
        }
        let after = items["continuation-token"] ?? items["marker"] ?? ""
        let rest = rows.filter { $0.key > after }
        let isTruncated = rest.count > page
        let token = isTruncated ? "<NextContinuationToken>\(escaped(rest[page - 1].key))</NextContinuationToken>" : ""
        return """
            <?xml version="1.0" encoding="UTF-8"?>
            <ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/"><Name>builds</Name><Prefix>\(escaped(prefix))</Prefix>\
            <MaxKeys>\(page)</MaxKeys><IsTruncated>\(isTruncated)</IsTruncated>\(token)\(rest.prefix(page).map(\.text).joined())</ListBucketResult>
            """
    }

    private static func escaped(_ text: String) -> String { text.replacingOccurrences(of: "&", with: "&amp;") }
}

@Suite("Stores of objects", .timeLimit(.minutes(10)))
struct BucketTests {
    let bed: FetchBed

    init() throws { bed = try FetchBed() }

    private static let builds: [String: [UInt8]] = [
        "nightly/2026-11-19/amd64/ltp/ltp-1+git-amd64.deb": FetchBed.deb(1),
        "nightly/2026-11-20/amd64/ltp/ltp-2+git-amd64.deb": FetchBed.deb(2),
        "nightly/2026-11-20/amd64/ltp/SHA256SUMS": Array(
            "\(SHA256Digest(of: FetchBed.deb(2)))  ltp-2+git-amd64.deb\n".utf8),
        "nightly/2026-11-20/arm64/ltp/ltp-2+git-arm64.deb": FetchBed.deb(3),
        "other/a&b.txt": [],
    ]

    @Test(
        "S3's list is an index: of the bucket, of a folder in it, of one on a path, page by page, whatever says that there are no folders",
        arguments: [
            ("/", "", 1000, true), ("/", "nightly/", 1000, true), ("/builds/", "builds/nightly/", 1000, false),
            ("/builds/", "builds/nightly/", 1, true), ("/", "nightly/", 2, false),
        ])
    func tree(bucket: String, root: String, page: Int, isForbidden: Bool) throws {
        let store = try Store(Self.builds, bucket: bucket, page: page, isForbidden: isForbidden)
        let pattern =
            root.hasSuffix("nightly/") ? "{root}/{date}/{arch}/{package}/" : "{root}/nightly/{date}/{arch}/{package}/"
        try bed.tree("\(store.address)/\(root)", pattern: pattern)
        let latest = try bed.fetch("ltp")
        #expect(latest.content == FetchBed.deb(2) && latest.record.date == CalendarDay("2026-11-20"))
        #expect(latest.record.verifiedBy?.hasSuffix("/SHA256SUMS") == true)
        // Of this one the list of digests is not there, which such a store says with 403.
        let earlier = try bed.fetch("ltp", date: "2026-11-19")
        #expect(earlier.content == FetchBed.deb(1) && earlier.record.verifiedBy == nil)
        #expect(reported { _ = try bed.fetch("kselftest") }?.exitCode == .notFound)
        #expect(store.server.requests.allSatisfy { !$0.path.contains("+") }, "apt sends %2B, too")
    }

    @Test("a list that never ends, and one that is no answer to a question, are refused")
    func endless() throws {
        let page =
            "<ListBucketResult><Prefix></Prefix><IsTruncated>true</IsTruncated><NextContinuationToken>x</NextContinuationToken><Contents><Key>a</Key></Contents></ListBucketResult>"
        let server = try RawServer { _, connection in connection.answer("200 OK", [:], Array(page.utf8)) }
        try bed.tree(server.address, pattern: "{root}/")
        #expect(reported { _ = try bed.fetch("ltp") }?.exitCode == .badInput)
        let mute = try RawServer { request, connection in
            connection.answer("200 OK", [:], Array((request.path == "/" ? page : "<html></html>").utf8))
        }
        try bed.tree(mute.address, pattern: "{root}/")
        #expect(reported { _ = try bed.fetch("ltp") }?.exitCode == .badInput)
    }

    @Test("keys that lead elsewhere are no files, and pages that are cut off are none or fewer")
    func damaged() throws {
        let keys = ["../../etc/passwd", "..", "a//b", "x/../y", "good.deb", "a\nb", "folder/deep/z"]
        let text =
            "<ListBucketResult><Prefix/><IsTruncated>false</IsTruncated>"
            + keys.map { "<Contents><Key>\($0)</Key><Size>1</Size></Contents>" }.joined() + "</ListBucketResult>"
        let page = try #require(BucketPage(Array(text.utf8)))
        let listing = Bucket(page, at: try Address("http://example.org/")).listing(
            of: try Address("http://example.org/"))
        #expect(try #require(listing)?.entries.map(\.name).sorted() == ["a", "folder", "good.deb", "x"])
        for count in 0..<text.utf8.count {
            let cut = BucketPage(Array(text.utf8.prefix(count)))
            #expect(cut.map { $0.objects.count <= keys.count } != false)
        }
    }

    @Test(
        "403 for a list of digests that is not there means that there is none; of one that an index has it is an error")
    func forbiddenSums() throws {
        let content = FetchBed.deb(1)
        let server = try RawServer { request, connection in
            switch request.path {
            case "/2026-11-20/ltp.deb": connection.answer("200 OK", [:], content, head: request.method == "HEAD")
            case "/listed/":
                connection.answer(
                    "200 OK", [:], Array("<a href=\"ltp-1-amd64.deb\">l</a><a href=\"SHA256SUMS\">s</a>".utf8))
            case "/listed/ltp-1-amd64.deb": connection.answer("200 OK", [:], content)
            default: connection.answer("403 Forbidden")
            }
        }
        try bed.settings(
            """
            sources:
              days: {kind: address, root: "\(server.address)", pattern: "{root}/{date}/{package}.deb"}
              tree: {kind: tree, root: "\(server.address)/listed", pattern: "{root}/"}
            """)
        let fetcher = try bed.fetcher()
        let query = BuildQuery(package: "ltp", architecture: .amd64)
        #expect(try fetcher.fetch(fetcher.find(query, source: "days"))[0].get().record.verifiedBy == nil)
        let error = reported { _ = try fetcher.fetch(fetcher.find(query, source: "tree"))[0].get() }
        #expect(error?.message.hasSuffix("/listed/SHA256SUMS answered 403 (forbidden)") == true)
    }

    @Test(
        "a tree of which a server hides what is not there: other spellings and days are looked at; where nothing is found it is told"
    )
    func hidden() throws {
        let content = FetchBed.deb(1)
        let server = try RawServer { request, connection in
            switch request.path {
            case "/":
                connection.answer(
                    "200 OK", [:], Array("<a href=\"2026-11-20/\">2</a><a href=\"2026-11-19/\">1</a>".utf8))
            case "/2026-11-19/x86_64/":
                connection.answer("200 OK", [:], Array("<a href=\"ltp-1-amd64.deb\">l</a>".utf8))
            case "/2026-11-19/x86_64/ltp-1-amd64.deb": connection.answer("200 OK", [:], content)
            default: connection.answer("403 Forbidden")
            }
        }
        try bed.tree(server.address, pattern: "{root}/{date}/{arch}/")
        #expect(try bed.fetch("ltp").content == content)
        let error = reported { _ = try bed.fetch("kselftest") }
        #expect(error?.exitCode == .failure && error?.message.hasSuffix("answered 403 (forbidden)") == true)
    }
}
