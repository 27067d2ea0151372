import DevboxCore
import TestSupport
import Testing

@testable import Fetch

@Suite("Dates")
struct CalendarDayTests {
    @Test("every day from 1970 to 2100 is read back from what is written", arguments: ["-", "", ".", "_"])
    func roundTrip(separator: String) {
        for number in stride(from: 0, to: 47_500, by: 13) {
            let day = CalendarDay(number: number)
            #expect(CalendarDay(day.text(separator: separator)) == day)
        }
        #expect(CalendarDay("2026-11-21")?.number == 20_778)
        #expect(CalendarDay(secondsSince1970: 1_795_219_200).description == "2026-11-21")
    }

    @Test(
        "days that there are not are none",
        arguments: [
            "2026-02-29", "2026-13-01", "2026-00-10", "20261131", "2026-1103", "2026-11.03", "0000-01-01", "latest", "",
        ])
    func none(text: String) { #expect(CalendarDay(text) == nil) }

    @Test("what a user says about a date")
    func choices() throws {
        let today = try #require(CalendarDay("2026-11-21"))
        func limit(_ text: String) -> String? { DateChoice(text, today: today)?.limit?.description }
        #expect(DateChoice("latest", today: today) == .latest)
        #expect(limit("today") == "2026-11-21")
        #expect(limit("yesterday") == "2026-11-20")
        #expect(limit("3 days ago") == "2026-11-18")
        #expect(limit("1 day ago") == "2026-11-20")
        #expect(limit("2 weeks ago") == "2026-11-07")
        #expect(limit("1 month ago") == "2026-10-21")
        #expect(limit("12 months ago") == "2025-11-21")
        #expect(limit("1 year ago") == "2025-11-21")
        #expect(limit("a week ago") == "2026-11-14")
        // A month without that day: its last one.
        #expect(CalendarDay("2026-03-31")?.addingMonths(-1)?.description == "2026-02-28")
        #expect(CalendarDay("2028-03-31")?.addingMonths(-1)?.description == "2028-02-29")
        #expect(CalendarDay("2026-01-31")?.addingMonths(-2)?.description == "2025-11-30")
        #expect(limit("2026-11-03") == "2026-11-03")
        for text in ["tomorrow", "-1 days ago", "60 years ago", "2000 months ago", "next week", "ago", "1e3 days ago"] {
            #expect(DateChoice(text, today: today) == nil, "\(text)")
        }
    }
}

@Suite("Names of packages' files")
struct FileNameTests {
    private static let names: [(String, String, String, Architecture?, PackageFormat)] = [
        ("ltp-20260930-123-g0abc123-amd64.deb", "ltp", "20260930-123-g0abc123", .amd64, .deb),
        (
            "kselftest-v6.12-rc1-34-gabcdef012345-arm64.tar.xz", "kselftest", "v6.12-rc1-34-gabcdef012345", .arm64,
            .tarXZ
        ),
        ("ltp_20260930-1_amd64.deb", "ltp", "20260930-1", .amd64, .deb),
        ("ltp-20260930-1.x86_64.rpm", "ltp", "20260930-1", .amd64, .rpm),
        // As apt calls what it keeps.
        ("ltp_1%3a2.0+b1~rc1_all.deb", "ltp", "1:2.0+b1~rc1", nil, .deb),
        ("ltp_1%3A2.0%2Bb1%7erc1_amd64.deb", "ltp", "1:2.0+b1~rc1", .amd64, .deb),
        ("ltp.tar.xz", "ltp", "", nil, .tarXZ),
        ("ltp-20260930-1-noarch.rpm", "ltp", "20260930-1", nil, .rpm),
        ("ltp-20260930-aarch64.tar.xz", "ltp", "20260930", .arm64, .tarXZ),
        ("linux-image-6.1.0-30-amd64_6.1.124-1_amd64.deb", "linux-image-6.1.0-30-amd64", "6.1.124-1", .amd64, .deb),
    ]

    @Test("version, architecture and format of a file's name", arguments: names)
    func read(name: String, package: String, version: String, architecture: Architecture?, format: PackageFormat) throws
    {
        let read = try #require(FileName(name, package: package))
        #expect(read.version == version)
        #expect(read.architecture == architecture)
        #expect(read.format == format)
    }

    private static let kernels: [(String, String, String?, String?)] = [
        ("linux-image-6.12.0-rc1_6.12.0~rc1-1_amd64.deb", "linux-image", "6.12.0~rc1-1", "6.12.0-rc1"),
        ("linux-image-6.12.0-rc1_6.12.0~rc1-1_amd64.deb", "linux-image-6.12.0-rc1", "6.12.0~rc1-1", nil),
        ("linux-image-6.12.0-rc1-dbg_6.12.0~rc1-1_amd64.deb", "linux-image-dbg", "6.12.0~rc1-1", "6.12.0-rc1"),
        ("linux-image-6.12.0-rc1-dbg_6.12.0~rc1-1_amd64.deb", "linux-image-6.12.0-rc1-dbg", "6.12.0~rc1-1", nil),
        ("linux-libc-dev_6.12.0-1_amd64.deb", "linux-libc-dev", "6.12.0-1", nil),
        // Symbols are no kernel, and a longer version is another one.
        ("linux-image-6.12.0-rc1-dbg_6.12.0~rc1-1_amd64.deb", "linux-image", nil, nil),
        ("linux-image-6.12.0-rc1-dbg_6.12.0~rc1-1_amd64.deb", "linux-image-6.12.0", nil, nil),
        ("linux-image-6.12.0-00045-g1234567_6.12.0-1_amd64.deb", "linux-image-6.12.0", nil, nil),
        ("linux-image-6.12.0-dbg-amd64.deb", "linux-image", nil, nil),
        ("linux-image-6.12.0_6.12.0-1_amd64.deb", "linux-image-dbg", nil, nil),
        ("linux-image-cloud-6.12.0_6.12.0-1_amd64.deb", "linux-image", nil, nil),
    ]

    @Test(
        "a kernel's packages as bindeb-pkg calls them: the name of the package counts, as its control file has it",
        arguments: kernels)
    func kernel(name: String, package: String, version: String?, kernel: String?) {
        let read = FileName(name, package: package)
        #expect(read?.version == version && read?.kernelVersion == kernel)
    }

    @Test(
        "files of other packages, and what is no package",
        arguments: [
            "ltp-dbg-20260930-1-amd64.deb", "ltpx-1-amd64.deb", "SHA256SUMS", "ltp-1-amd64.deb.sha256",
            "ltp-1-amd64.tar.gz",
            ".deb", "kirk-1.deb", "ltp_.deb",
        ])
    func others(name: String) { #expect(FileName(name, package: "ltp") == nil) }
}

@Suite("Index pages")
struct IndexPageTests {
    private static let folder = try? Address("http://example.org/nightly/")

    @Test(
        "what the real servers print",
        arguments: ["nginx.html", "apache-fancy.html", "apache-table.html", "apache-plain.html", "python.html"])
    func servers(name: String) throws {
        let listing = try IndexPage.parse(try fixture(name), of: try #require(Self.folder))
        #expect(listing.outside.isEmpty)
        let entries = listing.entries.sorted { $0.name < $1.name }
        #expect(
            entries.map(\.name) == [
                "2026-09-30", "a&b c+d<é>.txt", "d1", "kselftest-v6.12-rc1-34-gabcdef012345-arm64.tar.xz", "latest",
                "ltp-20260930-123-g0abc123-amd64.deb",
            ])
        #expect(entries.map(\.isFolder) == [true, false, true, false, true, false])
        let day = CalendarDay("2026-09-30")
        switch name {
        case "nginx.html":
            #expect(entries.map(\.day) == Array(repeating: day, count: 6))
            #expect(entries[3].size == .exact(1_500_000))
            #expect(entries[5].size == .exact(3))
            #expect(entries[0].size == .unknown)
        case "apache-fancy.html", "apache-table.html":
            #expect(entries.map(\.day) == Array(repeating: day, count: 6))
            #expect(entries[3].size == .about(Int64(1.4 * 1_048_576), lastDigit: 104_857))
            #expect(entries[5].size == .exact(3))
        default: #expect(entries.allSatisfy { $0.day == nil && $0.size == .unknown })
        }
    }

    @Test(
        "a rounded size allows for what its last digit stands for",
        arguments: [
            ("1M", 1_515_712, 3_000_000), ("1.4M", 1_500_000, 1_600_000), ("1G", 1_600_000_000, 2_200_000_000),
            ("12K", 13_000, 14_000),
        ] as [(String, Int64, Int64)])
    func rounded(text: String, fits: Int64, isTooLarge: Int64) {
        let size = IndexDetails.read("30-Sep-2026 01:02 \(text)").1
        #expect(size.limit(1) >= fits && size.limit(1) < isTooLarge)
    }

    @Test("links in comments are none, and a compressed page is refused")
    func comments() throws {
        let folder = try #require(Self.folder)
        let page = "<!-- <a href=\"old.deb\">x</a> --><A\tHREF='new.deb'>x</A><!-- <a href=b>"
        #expect(try IndexPage.parse(Array(page.utf8), of: folder).entries.map(\.name) == ["new.deb"])
        #expect(reported { _ = try IndexPage.parse([0x1F, 0x8B, 8, 0], of: folder) }?.exitCode == .badInput)
    }

    @Test(
        "a link is used only where it is a name in this very folder",
        arguments: [
            ("a.deb", "a.deb"), ("./a.deb", "a.deb"), ("/nightly/a.deb", "a.deb"),
            ("http://example.org/nightly/a.deb", "a.deb"),
            ("//example.org/nightly/a.deb", "a.deb"), ("a%2Bb.deb", "a+b.deb"), ("../", nil), ("/", nil),
            ("/nightly/", nil),
            ("?C=N;O=D", nil), ("#top", nil),
        ] as [(String, String?)])
    func inside(target: String, name: String?) throws {
        let place = IndexPage.place(of: target, in: try #require(Self.folder))
        #expect(place == name.map { .here($0, isFolder: false) } ?? .above)
    }

    @Test(
        "a link that leaves its folder or its host is never used",
        arguments: [
            "../a.deb", "x/../../a.deb", "x/a.deb", "%2e%2e/a.deb", "..%2fa.deb", "%2e%2e%2fa.deb", "/etc/passwd",
            "/other/a.deb",
            "http://example.com/nightly/a.deb", "//example.com/nightly/a.deb", "file:///etc/passwd", "javascript:a.deb",
            "https://example.org/nightly/a.deb", "a%00b.deb", "a%0ab.deb", "%ff.deb",
            "http://example.org.example.com/nightly/a.deb",
        ])
    func outside(target: String) throws {
        #expect(IndexPage.place(of: target, in: try #require(Self.folder)) == .outside)
    }

    @Test("pages that are cut off or are no pages at all end in no links, not in a crash")
    func damaged() throws {
        let page = try fixture("nginx.html")
        let folder = try #require(Self.folder)
        let names = Set(try IndexPage.parse(page, of: folder).entries.map(\.name))
        for count in 0..<page.count {
            let found = try IndexPage.parse(Array(page.prefix(count)), of: folder)
            #expect(found.outside.isEmpty && names.isSuperset(of: found.entries.map(\.name)), "\(count) bytes")
        }
        for text in [
            "", "<a", "<a ", "<a href", "<a href=", "<a href=\"", "<a href='x", "<a href=x>", "&#xffffffff;",
            "<A HREF=\"y\">y",
        ] {
            _ = try IndexPage.parse(Array(text.utf8), of: folder)
        }
        #expect(try IndexPage.parse(Array("<A HREF='y'>y</A>".utf8), of: folder).entries.map(\.name) == ["y"])
    }
}

@Suite("Patterns and addresses")
struct PatternTests {
    @Test("a level's name tells what its variables are")
    func match() throws {
        let pattern = try PathPattern("{root}/{package}-{arch}/{date}/v{kernel-version}/")
        var known = Bindings()
        known.values = [.package: ["ltp"], .arch: ["amd64", "x86_64"]]
        #expect(pattern.levels[0].match("ltp-x86_64", known)?.first(.arch) == "x86_64")
        #expect(pattern.levels[0].match("ltp-arm64", known) == nil)
        #expect(pattern.levels[1].match("20261103", known)?.day == CalendarDay("2026-11-03"))
        #expect(pattern.levels[1].match("latest", known) == nil)
        #expect(pattern.levels[2].match("v6.12-rc1", known)?.first(.kernel) == "6.12-rc1")
        #expect(pattern.endsWithFolder)
        let file = try PathPattern("{root}/{package}-{version}-{arch}.{format}")
        let bound = file.levels[0].match("ltp-20260930-1-gabc-amd64.tar.xz", known)
        #expect(bound?.first(.version) == "20260930-1-gabc")
        #expect(bound?.first(.format) == "tar.xz")
    }

    @Test(
        "a pattern that cannot be read is refused",
        arguments: ["{date}/", "{root}/{dat}/", "{root}/{date", "{root}/../x/", "{root}"])
    func refused(text: String) { #expect(reported { _ = try PathPattern(text) }?.exitCode == .usage) }

    @Test("addresses keep names apart from separators, and go nowhere but down")
    func addresses() throws {
        let root = try Address("https://Example.org:8443/a%20b/")
        #expect(root.description == "https://example.org:8443/a%20b/")
        #expect(try root.file("c+d é#?.deb").description == "https://example.org:8443/a%20b/c%2Bd%20%C3%A9%23%3F.deb")
        for name in ["", ".", "..", "a/b", "a\nb", "a\u{7f}b"] {
            #expect(reported { _ = try root.file(name) }?.exitCode == .badInput, "\(name)")
        }
        for path in ["../x", "a/../../x", "/etc/passwd", "./../x", "./", ""] {
            #expect(reported { _ = try root.descendant(path) }?.exitCode == .badInput, "\(path)")
        }
        for text in [
            "ftp://example.org/", "file:///etc/", "example.org", "http://", "http://user:secret@example.org/",
            "http://example.org/?a",
        ] {
            #expect(reported { _ = try Address(text) }?.exitCode == .usage, "\(text)")
        }
    }
}
