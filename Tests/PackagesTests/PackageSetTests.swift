import DevboxCore
import Packages
import SystemPackage
import TestSupport
import Testing

@Suite("Dependencies", .timeLimit(.minutes(10)))
struct PackageSetTests {
    private let builder: DebBuilder
    init() throws { builder = try DebBuilder() }

    private static let status = """
        Package: dpkg
        Status: install ok installed
        Architecture: amd64
        Version: 1.21.22

        Package: libfoo
        Status: hold ok installed
        Architecture: amd64
        Multi-Arch: same
        Version: 1.2

        Package: perl
        Status: install ok installed
        Architecture: amd64
        Multi-Arch: allowed
        Version: 5.36.0-7
        Provides: libperl-api (= 5.36),
         perl-virtual

        Package: tool
        Status: install ok installed
        Architecture: i386
        Multi-Arch: foreign
        Version: 3
        Breaks: young (<< 2)
        Conflicts: enemy

        Package: foreign
        Status: install ok installed
        Architecture: i386
        Version: 3

        Package: removed
        Status: deinstall ok config-files
        Architecture: amd64
        Version: 1

        Package: half
        Status: install ok half-configured
        Architecture: amd64
        Version: 1

        Package: waiting
        Status: install ok triggers-pending
        Architecture: all
        Version: 1

        """

    private func set() throws -> PackageSet { try PackageSet(dpkgStatus: Array(Self.status.utf8), name: "status") }

    private func deb(_ name: String, _ fields: String, version: String = "1", architecture: String = "amd64") throws
        -> DebPackage
    {
        let control = "Package: \(name)\nVersion: \(version)\nArchitecture: \(architecture)\n\(fields)\n"
        return try DebPackage(builder.deb("\(name).deb", control: control, data: TarWriter().finished))
    }

    private func messages(_ field: String, architecture: String = "amd64") throws -> [String] {
        try set().unmet([deb("new", field, architecture: architecture)]).map(\.description)
    }

    @Test(
        "are met by versions, alternatives, virtual packages and other architectures, as in dpkg",
        arguments: [
            "Depends: libfoo",
            "Depends: libfoo (>= 1.2), libfoo (<= 1.2), libfoo (= 1.2), libfoo (>> 1), libfoo (<< 2)",
            "Depends: missing | libfoo", "Depends: libfoo (>> 9) | perl", "Depends: perl:any", "Depends: perl-virtual",
            "Depends: libperl-api (= 5.36)", "Depends: libperl-api", "Depends: tool", "Depends: waiting",
            "Depends: foreign:i386", "Depends: missing [arm64]", "Depends: libfoo [!arm64]",
            "Pre-Depends: dpkg (>= 1.15.6~)",
            "Depends: libfoo (> 1.2)", "Depends:", "Depends: libfoo,\n  perl ,",
        ])
    func met(field: String) throws {
        #expect(try messages(field) == [])
    }

    @Test(
        "that are not met are told with what there is",
        arguments: [
            ("Depends: libfoo (>= 2)", "needs libfoo (>= 2), but libfoo 1.2 is installed"),
            ("Depends: bar", "needs bar, which is not installed"),
            ("Depends: bar | baz", "needs bar | baz, none of which is installed"),
            ("Depends: libperl-api (>= 6)", "needs libperl-api (>= 6), which is not installed"),
            ("Depends: perl-virtual (>= 1)", "needs perl-virtual (>= 1), which is not installed"),
            ("Depends: removed", "needs removed, which is not installed"),
            ("Depends: half", "needs half, which is not installed"),
            ("Depends: foreign", "needs foreign, but foreign 3 is installed"),
            ("Depends: libfoo:arm64", "needs libfoo:arm64, but libfoo 1.2 is installed"),
            ("Depends: missing [amd64]", "needs missing [amd64], which is not installed"),
            ("Conflicts: libfoo", "conflicts with libfoo, and libfoo 1.2 is there"),
            ("Breaks: libfoo (<< 2)", "breaks libfoo (<< 2), and libfoo 1.2 is there"),
            ("Conflicts: perl-virtual", "conflicts with perl-virtual, and perl 5.36.0-7 is there"),
        ])
    func unmet(field: String, message: String) throws {
        #expect(try messages(field) == [message])
    }

    @Test(
        "conflicts with itself, with other versions, and with what it replaces are none",
        arguments: [
            "Conflicts: new", "Conflicts: libfoo (>> 2)", "Breaks: libfoo (<< 1)",
            "Provides: virtual\nConflicts: virtual",
            "Conflicts: libfoo\nReplaces: libfoo",
        ])
    func noConflicts(field: String) throws {
        #expect(try messages(field) == [])
    }

    @Test("a package for all architectures depends on those of the guest's own")
    func all() throws {
        #expect(try messages("Depends: libfoo", architecture: "all") == [])
        #expect(try messages("Depends: foreign", architecture: "all").count == 1)
        #expect(try messages("Depends: libfoo", architecture: "i386").count == 1)
    }

    @Test("packages that are installed together count for each other, in place of older ones")
    func together() throws {
        let library = try deb("libfoo", "Multi-Arch: same\nProvides: libfoo-abi (= 2)", version: "2.0")
        let user = try deb("user", "Depends: libfoo (>= 2), libfoo-abi (= 2)")
        #expect(try set().unmet([user]).count == 2)
        #expect(try set().unmet([user, library]).isEmpty)
        let old = try deb("old", "Depends: libfoo (<< 2)")
        #expect(try set().unmet([old]).isEmpty)
        #expect(
            try set().unmet([old, library]).map(\.description) == ["needs libfoo (<< 2), but libfoo 2.0 is installed"])
    }

    @Test("what is installed may object to what comes")
    func objections() throws {
        let found = try set().unmet([deb("young", ""), deb("enemy", "")])
        #expect(
            found.map { "\($0.package) \($0)" } == [
                "tool conflicts with enemy, and enemy 1 is there", "tool breaks young (<< 2), and young 1 is there",
            ])
        #expect(try set().unmet([deb("young", "", version: "2")]).isEmpty)
    }

    @Test("relations are read and written as they are")
    func relations() throws {
        let text = "a (>= 1) | b:any [amd64 arm64] <!nocheck>, c:native (= 2:3-4)"
        let parsed = try #require(Dependency.parse(text))
        #expect(parsed.map(\.description).joined(separator: ", ") == text)
        #expect(parsed[0].alternatives[1].qualifier == "any")
        for wrong in [
            "a (", "a (>= )", "a (1", "a | ", "| a", "(a)", "a b", "a (=> 1)", "a:", "a [", "a <x", "ä", "a ()",
        ] {
            #expect(Dependency.parse(wrong) == nil, "\(wrong)")
        }
    }

    private func groups(_ packages: [DebPackage]) throws -> [[String]] {
        try set().groups(of: packages).map { $0.map { packages[$0].name } }
    }

    @Test("what a package needs before it is unpacked comes in a group before it, with all that this needs")
    func preDepends() throws {
        let base = try deb("base", "Depends: deep")
        let deep = try deb("deep", "")
        let top = try deb("top", "Pre-Depends: base (>= 1~)")
        #expect(try groups([top, base, deep]) == [["base", "deep"], ["top"]])
        let above = try deb("above", "Pre-Depends: top\nDepends: libfoo")
        #expect(try groups([above, top, base, deep]) == [["base", "deep"], ["top"], ["above"]])
        let virtual = try deb("virtual", "Provides: base-api (= 2)")
        let user = try deb("user", "Pre-Depends: base-api (= 2) | base-api-old")
        #expect(try groups([user, virtual]) == [["virtual"], ["user"]])
    }

    @Test("an older version of what is needed before is none; one that will do makes no group of its own")
    func preDependsThere() throws {
        let newer = try deb("libfoo", "Multi-Arch: same", version: "2.0")
        #expect(try groups([deb("a", "Pre-Depends: libfoo (>= 1)"), newer]) == [["a", "libfoo"]])
        #expect(try groups([deb("a", "Pre-Depends: libfoo (>= 2)"), newer]) == [["libfoo"], ["a"]])
        #expect(try groups([deb("a", "Depends: b"), deb("b", "Depends: a")]) == [["a", "b"]])
    }

    @Test("a circle of such needs ends, and each package is in one group")
    func preDependsCircle() throws {
        let packages = try [deb("a", "Pre-Depends: b"), deb("b", "Pre-Depends: a"), deb("c", "")]
        #expect(try groups(packages) == [["c"], ["a", "b"]])
        // What the first needs to be configured needs the first before it is unpacked: nothing goes first.
        let knot = try [deb("a", "Depends: b"), deb("b", "Pre-Depends: a")]
        #expect(try groups(knot) == [["a", "b"]])
    }
}
