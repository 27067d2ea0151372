import DevboxCore
import Foundation
import TestSupport
import Testing

@testable import Fetch

@Suite("Indexes of other servers", .timeLimit(.minutes(10)))
struct IndexFormatTests {
    let bed: FetchBed

    init() throws { bed = try FetchBed() }

    @Test(
        "days and sizes as servers print them",
        arguments: [
            ("30-Sep-2026 01:02             1500000", 1_500_000), ("2026-09-30 01:02  1.4M ", 1_468_006),
            // lighttpd, fancyindex, Caddy, Jenkins with and without a comma, Tomcat, Jetty, Nexus, mini_httpd, Artifactory.
            ("2026-Sep-30 01:02:03 1.4M application/x-debian-package", 1_468_006),
            ("1.4 MiB 2026-Sep-30 01:02", 1_468_006),
            ("1.4 MiB 2026-09-30T01:02:03Z 09/30/2026 01:02:03 AM +00:00", 1_468_006),
            ("Sep 30, 2026, 1:02:03\u{202F}AM 1.43 MB", 1_499_463), ("Sep 30, 2026 1:02:03 AM 1.43 MB view", 1_499_463),
            ("1464.8 KiB Wed, 30 Sep 2026 01:02:03 GMT", 1_499_955),
            ("1,500,000 bytes Sep 30, 2026, 1:02:03 AM", 1_500_000),
            ("Wed Sep 30 01:02:03 UTC 2026 1500000", 1_500_000), ("30Sep2026 01:02 1500000", 1_500_000),
            ("30-Sep-2026 01:02 1.43 MB", 1_499_463), ("2026/09/30 01:02 1500000", 1_500_000),
            ("30 September 2026 01:02 1.4 M", 1_468_006),
            // A number in front of a day may be anything.
            ("20261103 30-Sep-2026 01:02 -", nil), ("2026-09-30 01:02 -", nil),
        ] as [(String, Int64?)])
    func details(text: String, size: Int64?) {
        let details = IndexDetails.read(text)
        #expect(details.day == CalendarDay("2026-09-30"))
        #expect(details.size.bytes == size)
    }

    @Test(
        "what is no day, or may be one of two, is none",
        arguments: [
            "09/30/2026 01:02", "9/10/2026 1:02 AM", "20260930", "1.2.2026", "May 7", "31-Feb-2026 01:02", "1500000",
            "",
        ])
    func noDay(text: String) { #expect(IndexDetails.read(text).day == nil) }

    private static let rows: [(String, String)] = [
        (
            "lighttpd",
            "<tr><td class=\"n\"><a href=\"NAME\">NAME</a></td><td class=\"m\">2026-Sep-30 01:02:03</td><td class=\"s\">19.5K</td><td class=\"t\">application/octet-stream</td></tr>\n"
        ),
        (
            "fancyindex",
            "<tr><td colspan=\"2\" class=\"link\"><a href=\"NAME\" title=\"NAME\">NAME</a></td><td class=\"size\">19.5 KiB</td><td class=\"date\">2026-Sep-30 01:02</td></tr>\n"
        ),
        (
            "Caddy",
            """
            <tr class="file">
                <td></td>
                <td>
                    <a href="./NAME"><svg xmlns="http://www.w3.org/2000/svg" class="icon" width="24"><path d="M0 0h24v24H0z"/></svg><span class="name">NAME</span></a>
                </td>
                <td class="size" data-size="20000"><div class="sizebar"><div class="sizebar-bar"></div><div class="sizebar-text">\(String(repeating: " ", count: 500))19.5 KiB</div></div></td>
                <td class="timestamp hideable">
                    <time datetime="2026-09-30T01:02:03Z">09/30/2026 01:02:03 AM +00:00</time>
                </td>
            </tr>

            """
        ),
        (
            "Jenkins",
            "<tr><td><svg/></td><td><a href=\"NAME\">NAME</a></td><td class=\"fileSize\">Sep 30, 2026, 1:02:03\u{202F}AM</td><td class=\"fileSize\">19.53 KB</td><td><a href=\"NAME/*fingerprint*/\">fingerprint</a></td></tr>\n"
        ),
    ]

    @Test(
        "the newest file not after a day is found by the days of lighttpd's, fancyindex's, Caddy's and Jenkins' pages",
        arguments: rows)
    func pages(server: String, row: String) throws {
        let newer = row.replacingOccurrences(of: "2026-Sep-30", with: "2026-Oct-20")
            .replacingOccurrences(of: "Sep 30", with: "Oct 20").replacingOccurrences(
                of: "2026-09-30", with: "2026-10-20")
        let page =
            "<html><head><title>Index of /</title></head><body><table>"
            + newer.replacingOccurrences(of: "NAME", with: "ltp-2-amd64.deb")
            + row.replacingOccurrences(of: "NAME", with: "ltp-1-amd64.deb") + "</table></body></html>"
        let server = try RawServer { request, connection in
            request.path == "/" ? connection.answer("200 OK", [:], Array(page.utf8)) : connection.answer("404 No")
        }
        try bed.tree(server.address, pattern: "{root}/")
        var query = BuildQuery(package: "ltp", architecture: .amd64)
        let builds = try bed.fetcher().list(query)
        #expect(builds.map(\.words) == ["2, filed 2026-10-20", "1, filed 2026-09-30"])
        #expect(builds.allSatisfy { abs(($0.size.bytes ?? 0) - 20_000) < 200 })
        query.notAfter = CalendarDay("2026-10-19")
        #expect(try bed.fetcher().find(query)[0].address.name == "ltp-1-amd64.deb")
        #expect(server.requests.allSatisfy { $0.method == "GET" }, "nothing is left to be asked")
    }

    @Test("a time that stands in front of a link is not taken for the one before it")
    func before() throws {
        let page = Array(
            "Index of /<pre>Wednesday, September 30, 2026 1:02 AM 5 <A HREF=\"/a.deb\">a.deb</A><br>Sunday, October 4, 2026 1:02 AM 6 <A HREF=\"/b.deb\">b.deb</A><br></pre>"
                .utf8)
        let entries = try IndexPage.parse(page, of: Address("http://example.org/")).entries
        #expect(entries.map(\.name) == ["a.deb", "b.deb"] && entries.allSatisfy { $0.day == nil })
    }

    private static let doubtful = [
        "<div>2026-11-10 10:00 <a href=A>A</a></div><div>2026-11-20 10:00 <a href=B>B</a></div>",
        "<table><tr><td>2026-11-10 10:00<td><a href=A>A</a><tr><td>2026-11-20 10:00<td><a href=B>B</a></table>",
        "<TABLE><TR><TD>2026-11-10<TD><A HREF=A>A</A><TD>x<TR><TD>2026-11-20<TD><A HREF=B>B</A></TABLE>",
        "<ul><li>2026-11-10 <a href=A>A</a><li>2026-11-20 <a href=B>B</a></ul>",
        "<p>2026-11-10 <a href=A>A</a><p>2026-11-20 <a href=B>B</a>",
        "<dl><dt>2026-11-10<dd><a href=A>A</a><dt>2026-11-20<dd><a href=B>B</a></dl>",
        // Nothing at all tells where the row of A ends.
        "2026-11-10 <a href=A>A</a> 2026-11-20 <a href=B>B</a>",
        "<span>2026-11-10</span><a href=A>A</a><span>2026-11-20</span><a href=B>B</a>",
        "<table><tr><td><pre>2026-11-10 <a href=A>A</a>\n2026-11-20 <a href=B>B</a>\n</pre></table>",
    ]

    @Test(
        "a day in front of a link is never taken for the one's before it, and where it is in doubt there is none",
        arguments: doubtful)
    func inFront(page: String) throws {
        let entries = try IndexPage.parse(Array(page.utf8), of: Address("http://example.org/")).entries
        #expect(entries.map(\.name) == ["A", "B"] && entries.allSatisfy { $0.day == nil })
    }

    @Test(
        "a day behind a link is its own, whatever ends the row",
        arguments: [
            "<div><a href=A>A</a> 2026-11-10 10:00</div><div><a href=B>B</a> 2026-11-20 10:00</div>",
            "<table><tr><td><a href=A>A</a><td>2026-11-10<tr><td><a href=B>B</a><td>2026-11-20</table>",
            "<table><tr><td>logo</td></tr></table><p>Builds of 2026-11-01</p><ul><li><a href=A>A</a> 2026-11-10<li><a href=B>B</a> 2026-11-20</ul>",
            "<h1>Builds of 2026-11-01</h1><hr><pre><a href=A>A</a> 2026-11-10\n<a href=B>B</a> 2026-11-20\n</pre>",
            "<table><tr><td><a href=A>A</a></td><td><div>2026-11-10</div></td></tr><tr><td><a href=B>B</a></td><td><p>2026-11-20</p></td></tr></table>",
        ])
    func behind(page: String) throws {
        let entries = try IndexPage.parse(Array(page.utf8), of: Address("http://example.org/")).entries
        #expect(entries.map(\.day) == [CalendarDay("2026-11-10"), CalendarDay("2026-11-20")])
    }

    @Test("where days stand in front of the links, the server is asked for them: the right package comes")
    func reversed() throws {
        let days = ["1": "Tuesday, 10-Nov-26 10:00:00 GMT", "2": "Fri Nov 20 10:00:00 2026"]
        let page =
            "<div>2026-11-20 10:00 <a href=ltp-2-amd64.deb>A</a></div><div>2026-11-10 10:00 <a href=ltp-1-amd64.deb>B</a></div>"
        let server = try RawServer { request, connection in
            let version = request.path.dropFirst(5).prefix(1)
            guard let day = days[String(version)] else {
                return request.path == "/"
                    ? connection.answer("200 OK", [:], Array(page.utf8)) : connection.answer("404 No")
            }
            connection.answer(
                "200 OK", ["Last-Modified": day], FetchBed.deb(version == "1" ? 1 : 2), head: request.method == "HEAD")
        }
        try bed.tree(server.address, pattern: "{root}/")
        #expect(try bed.fetch("ltp", date: "2026-11-12").content == FetchBed.deb(1))
        #expect(try bed.fetch("ltp", date: "2026-11-21").content == FetchBed.deb(2))
    }

    @Test("where an index has no days and a day is asked for, the server tells them of the files themselves")
    func lastModified() throws {
        for (name, day) in [
            ("ltp-1-amd64.deb", "2026-11-01"), ("ltp-2-amd64.deb", "2026-11-20"), ("ltp-9-arm64.deb", "2026-11-01"),
        ] {
            try bed.publish(name, FetchBed.deb(1))
            try tool("touch", "-d", "\(day)T12:00Z", bed.root.appending(name).string)
        }
        let server = try WebServer(.python, root: bed.root, in: bed.scratch)
        try bed.tree(server.address, pattern: "{root}/")
        #expect(try bed.fetch("ltp", date: "2026-11-10").record.packageVersion == "1")
        #expect(try bed.fetch("ltp", date: "2026-11-10").record.date == CalendarDay("2026-11-01"))
        #expect(try bed.fetch("ltp", date: "2026-11-21").record.packageVersion == "2")
        #expect(reported { _ = try bed.fetch("ltp", date: "2026-10-10") }?.exitCode == .notFound)
        let fetcher = try bed.fetcher()
        var query = BuildQuery(package: "ltp", architecture: .amd64)
        query.since = CalendarDay("2026-11-15")
        #expect(try fetcher.list(query).map(\.version) == ["2"])
        #expect(fetcher.requests == 3, "the index, and the two files of this architecture")
    }

    @Test(
        "JSON of nginx and of Caddy is an index",
        arguments: [
            #"[{"name":"2026-11-20","type":"directory","mtime":"Fri, 20 Nov 2026 01:02:03 GMT"},{"name":"a+b.deb","type":"file","mtime":"Wed, 30 Sep 2026 01:02:03 GMT","size":20000},{"name":"../x","type":"file"}]"#,
            #"[{"name":"2026-11-20/","size":4096,"url":"./x/","mod_time":"2026-11-20T01:02:03Z","is_dir":true},{"name":"a+b.deb","size":20000,"mod_time":"2026-09-30T01:02:03.5Z","is_dir":false},{"name":"../x","is_dir":false}]"#,
        ])
    func json(text: String) throws {
        let listing = try #require(IndexList.parse(Array(text.utf8)))
        #expect(
            listing.entries.map(\.name) == ["2026-11-20", "a+b.deb"]
                && listing.entries.map(\.isFolder) == [true, false])
        #expect(listing.entries[1].day == CalendarDay("2026-09-30") && listing.entries[1].size == .exact(20_000))
        #expect(listing.outside == ["../x"])
        #expect(IndexList.parse(Array("[]".utf8))?.isIndex == true)
        for other in [#"{"name":"x"}"#, #"[{"id":1}]"#, "[", "[1]"] {
            #expect(IndexList.parse(Array(other.utf8)) == nil)
        }
    }

    @Test("a JSON index is fetched from")
    func fetchByJSON() throws {
        let content = FetchBed.deb(1)
        let page = #"[{"name":"ltp-1-amd64.deb","type":"file","mtime":"Wed, 30 Sep 2026 01:02:03 GMT","size":20000}]"#
        let server = try RawServer { request, connection in
            switch request.path {
            case "/": connection.answer("200 OK", ["Content-Type": "application/json"], Array(page.utf8))
            case "/ltp-1-amd64.deb": connection.answer("200 OK", [:], content)
            default: connection.answer("404 No")
            }
        }
        try bed.tree(server.address, pattern: "{root}/")
        #expect(try bed.fetch("ltp", date: "2026-10-01").content == content)
    }

    @Test(
        "a page that is no index is an error (65), and no empty list",
        arguments: [
            "<html><body>It works!</body></html>", "", "OK", #"{"error":"login first"}"#,
            "<html><script src=\"/app.js\"></script></html>",
            "<html><title>Sign in</title><a href=\"/\">Home</a><a href=\"https://example.com/help\">Help</a></html>",
            "<?xml version=\"1.0\"?><Error><Code>AccessDenied</Code></Error>",
            "<html><title>Sign in</title><form><input type=password></form><a href=\"forgot.html\">Forgot?</a></html>",
            "<html><title>Sign in</title><a href=\"forgot\">forgot</a><a href=\"login.php\">login.php</a></html>",
            "<html><title>App</title><link href=\"app.css\"><a href=\"/help/\">Help</a><a href=\"logo.png\">logo.png</a></html>",
            "<html><title>Welcome</title><p>The index of builds needs a login.</p><a href=\"register/\">Register</a></html>",
        ])
    func noIndex(page: String) throws {
        let server = try RawServer { _, connection in connection.answer("200 OK", [:], Array(page.utf8)) }
        try bed.tree(server.address, pattern: "{root}/")
        let fetcher = try bed.fetcher()
        let error = reported { _ = try fetcher.list(BuildQuery(package: "ltp", architecture: .amd64)) }
        #expect(error?.exitCode == .badInput)
        #expect(error?.message == "\(server.address)/ is a page, but no index of a folder")
        #expect(try fetcher.report()[0].answers == false)
    }

    @Test("a root that is a page keeps nobody from its folders: what is not in them is not found, and others are asked")
    func rootIsPage() throws {
        let server = try RawServer { request, connection in
            switch request.path {
            case "/": connection.answer("200 OK", [:], Array("<html><body>Welcome</body></html>".utf8))
            case "/ltp/":
                let page = "<title>Index of /ltp/</title><pre><a href=\"../\">../</a>\n</pre>"
                connection.answer("200 OK", [:], Array(page.utf8))
            default: connection.answer("404 No")
            }
        }
        try bed.settings(
            """
            sources:
              one: {kind: tree, root: "\(server.address)", pattern: "{root}/{package}/"}
              two: {kind: tree, root: "\(bed.root)", pattern: "{root}/{package}/"}
            """)
        for package in ["ltp", "fio"] {
            let query = BuildQuery(package: package, architecture: .amd64)
            #expect(reported { _ = try bed.fetcher().find(query) }?.exitCode == .notFound, "\(package)")
        }
        #expect(try bed.fetcher().report()[0].answers)
        try bed.publish("fio/fio-1-amd64.deb", FetchBed.deb(1))
        #expect(try bed.fetch("fio").content == FetchBed.deb(1))
    }

    @Test(
        "a page without an index's title is one by its links",
        arguments: [
            "<a href=\"ltp-1-amd64.deb\">The newest</a>", "<a href=\"2026-11-20/\">yesterday</a>",
            "<a href=\"v6.12/\">stable</a>", "<a href=\"x86_64/\">PCs</a>", "<a href=\"ltp/\">ltp/</a>",
            "<a href=\"ltp/\"><b>ltp</b></a>", "<a href=\"notes.txt\"> notes.txt</a>",
            "<a href=\"SHA256SUMS\">digests</a>",
            "<a class=x href='a-very-long-name.txt' title=y>a-very-lon..&gt;</a>", "<a href=\"../\">up</a>",
        ])
    func byLinks(page: String) throws {
        #expect(try IndexPage.parse(Array(page.utf8), of: Address("http://example.org/x/")).isIndex)
    }

    @Test(
        "an empty folder is one",
        arguments: [
            "<html><head><title>Index of /x/</title></head><body><pre><a href=\"../\">../</a>\n</pre></body></html>",
            "<!DOCTYPE HTML><html><head><title>Index of /</title></head><body><table></table></body></html>",
            "<!DOCTYPE HTML>\n<title>Directory listing for /</title>\n<ul>\n</ul>", "[]",
            "<div>No files in directory</div>",
        ])
    func empty(page: String) throws {
        let server = try RawServer { _, connection in connection.answer("200 OK", [:], Array(page.utf8)) }
        try bed.tree(server.address, pattern: "{root}/")
        #expect(try bed.fetcher().list(BuildQuery(package: "ltp", architecture: .amd64)).isEmpty)
        #expect(try bed.fetcher().report()[0].answers)
    }
}
