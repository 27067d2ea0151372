import DevboxCore
import Packages
import Testing

@testable import Installing

@Suite("A guest's apt sources")
struct AptSourceTests {
    private func list(_ text: String) throws -> AptSource.Entries { try AptSource.read(text, file: "list") }

    @Test("an entry is read with its suite, components, architectures and keyring")
    func plain() throws {
        let entries = try list(
            """
            # a comment
            deb http://example.org/debian bookworm main contrib # and one more
            deb [arch=amd64,arm64 signed-by=/etc/apt/keyrings/a.gpg] https://example.org/x bookworm/updates main
            deb http://[::1]:8080/flat ./
            """)
        #expect(
            entries.used == [
                AptSource(uri: "http://example.org/debian", suite: "bookworm", components: ["main", "contrib"]),
                AptSource(
                    uri: "https://example.org/x", suite: "bookworm/updates", components: ["main"],
                    architectures: ["amd64", "arm64"], signedBy: [.keyring("/etc/apt/keyrings/a.gpg")]),
                AptSource(uri: "http://[::1]:8080/flat", suite: "./", components: []),
            ])
        #expect(entries.skipped.isEmpty)
    }

    @Test("options that make apt trust more are dropped, whatever their case and order")
    func options() throws {
        let entries = try list(
            """
            deb [trusted=yes] http://example.org/a suite main
            deb [ Trusted=yes allow-insecure=yes arch=amd64 check-valid-until=no ] http://example.org/b suite main
            """)
        #expect(entries.used.count == 2 && entries.used[1].architectures == ["amd64"])
        for source in entries.used {
            let text = try #require(source.paragraph { _ in nil }).lowercased()
            #expect(!text.contains("trusted") && !text.contains("insecure") && !text.contains("valid"))
        }
    }

    @Test(
        "an entry that is no plain web archive is skipped, and it is said",
        arguments: [
            "deb file:/etc ./", "deb copy:/etc ./", "deb cdrom:[Debian 12]/ bookworm main",
            "deb rsh://example.org/ s main",
            "deb ssh://example.org/ s main", "deb mirror+file:/etc/hosts s main", "deb tor+http://example.org/ s main",
            "deb http:///etc s main", "deb http://exa\u{1b}mple.org/ s main", "deb http://example.org/\u{e9} s main",
            "deb http://example.org/\"x s main", "deb http://example.org/ ../../x main",
            "deb http://example.org/ /etc main",
            "deb http://example.org/ -o main", "deb http://example.org/ s", "deb http://example.org/ ./ main",
            "deb http://example.org/ s ../x", "deb http://example.org/", "deb [arch=amd64 http://example.org/ s main",
            "deb [arch=-o] http://example.org/ s main", "deb [signed-by=] http://example.org/ s main",
            "deb [signed-by=x.gpg] http://example.org/ s main", "deb http://example.org/ s main \u{202e}x",
        ])
    func hostile(_ line: String) throws {
        let entries = try list(line)
        #expect(entries.used.isEmpty)
        #expect(entries.skipped.count == 1)
        #expect(entries.skipped.allSatisfy { !$0.reason.contains("\u{1b}") })
    }

    @Test("sources of source packages, unknown types and entries that are switched off are none")
    func none() throws {
        #expect(
            try list("deb-src http://example.org/ s main\nexec touch /tmp/x\n#deb http://example.org/ s main").used
                .isEmpty)
        let text = """
            Types: deb-src
            URIs: http://example.org/
            Suites: s
            Components: main

            Types: deb
            Enabled: no
            URIs: http://example.org/
            Suites: s
            Components: main
            """
        #expect(try AptSource.read(text, file: "x.sources").used.isEmpty)
    }

    @Test("a paragraph of deb822 is an entry for each address and suite; comments may stand in it")
    func deb822() throws {
        let text = """
            # by hand
            Types: deb deb-src
            URIs: http://example.org/debian file:/srv/debian
            # the next one
            Suites: bookworm bookworm-updates
            Components: main
            Trusted: yes
            Allow-Insecure: yes
            Inrelease-Path: ../../x
            Signed-By: /usr/share/keyrings/a.gpg
            """
        let entries = try AptSource.read(text, file: "x.sources")
        #expect(entries.used.map(\.suite) == ["bookworm", "bookworm-updates"])
        #expect(entries.skipped.count == 2)
        let paragraph = try #require(entries.used[0].paragraph { _ in "/copy/a.gpg" })
        #expect(
            paragraph
                == "Types: deb\nURIs: http://example.org/debian\nSuites: bookworm\nComponents: main\nSigned-By: /copy/a.gpg\n"
        )
        let windows = text.split(separator: "\n").joined(separator: "\r\n")
        #expect(try AptSource.read(windows, file: "x.sources").used == entries.used)
        #expect(throws: Failure.self) { try AptSource.read("no field\n", file: "x.sources") }
    }

    @Test("a file of many addresses and suites is read in bounded time and memory")
    func many() throws {
        let words = String(repeating: "x ", count: 20_000)
        let entries = try AptSource.read(
            "Types: deb\nURIs: \(words)\nSuites: \(words)\nComponents: main\n", file: "x.sources")
        #expect(entries.used.isEmpty && entries.skipped.count == AptSource.limit)
    }

    @Test("an entry whose keyring is not there is not used: without it more would be trusted")
    func missingKeyring() throws {
        let entries = try list(
            "deb [signed-by=/root/a.gpg,\(String(repeating: "A", count: 40))] http://example.org/ s main")
        #expect(entries.used[0].paragraph { _ in nil } == nil)
        #expect(entries.used[0].paragraph { _ in "/c" }?.contains("Signed-By: /c AAAA") == true)
    }

    @Test("a key may stand in the source itself, and nothing beside it")
    func inlineKey() throws {
        func source(_ key: String) throws -> AptSource.Entries {
            try AptSource.read(
                "Types: deb\nURIs: http://example.org/\nSuites: s\nComponents: main\nSigned-By:\n\(key)",
                file: "x.sources")
        }
        let good = " -----BEGIN PGP PUBLIC KEY BLOCK-----\n .\n mQINBF\n -----END PGP PUBLIC KEY BLOCK-----\n"
        #expect(
            try source(good).used.first?.signedBy == [
                .key("-----BEGIN PGP PUBLIC KEY BLOCK-----\n\nmQINBF\n-----END PGP PUBLIC KEY BLOCK-----\n")
            ])
        #expect(try source(" x\n" + good).used.isEmpty)
        #expect(try source(good + " /etc/shadow\n").used.isEmpty)
    }

    @Test("of a guest's files only sources and keyrings are taken; the settings of its apt are not")
    func files() throws {
        let line = Array("deb http://example.org/ s main\n".utf8)
        let sources = try GuestAptSources([
            "/etc/apt/sources.list.d/a.list": line, "/etc/apt/sources.list.d/.b.list": line,
            "/etc/apt/sources.list.d/c.list.bak": Array("deb http://example.com/ s main".utf8),
            "/etc/apt/apt.conf": Array("APT::Update::Pre-Invoke { \"touch /x\"; };".utf8),
            "/etc/apt/apt.conf.d/x.list": line, "/etc/apt/trusted.gpg.d/k.gpg": [1], "/etc/apt/keyrings/k.asc": [2],
            "/etc/apt/auth.conf": [3], "/etc/apt/keyrings/../x.gpg": [4], "/usr/share/keyrings/-k.gpg": [5],
        ])
        #expect(sources.sources.map(\.uri) == ["http://example.org/"])
        #expect(sources.keyrings.keys.sorted() == ["/etc/apt/keyrings/k.asc", "/etc/apt/trusted.gpg.d/k.gpg"])
        #expect(sources.digest(architecture: "amd64") != sources.digest(architecture: "arm64"))
    }

    @Test("of the host's settings only those that say how it reaches the network are kept")
    func settings() {
        let dump = """
            APT::Update::Post-Invoke:: "touch /x";
            Acquire::http::Proxy "http://example.org:3128";
            Acquire::https::Verify-Peer "true";
            Acquire::AllowInsecureRepositories "1";
            Acquire::Check-Valid-Until "false";
            Acquire::httpx "1";
            DPkg::Pre-Install-Pkgs:: "x";
            """
        #expect(
            AptTree.hostSettings(dump) == [
                "Acquire::http::Proxy \"http://example.org:3128\";", "Acquire::https::Verify-Peer \"true\";",
                "Acquire::Check-Valid-Until \"false\";",
            ])
    }

    @Test("what apt-get would fetch is taken by name and digest, and no name leads elsewhere")
    func items() throws {
        let digest = String(repeating: "ab", count: 32)
        let item = try #require(DependencyDownload.Item("'http://example.org/x' a_1%3a2_all.deb 12 SHA256:\(digest)"))
        #expect(item.name == "a_1%3a2_all.deb" && item.size == 12 && item.digest.description == digest)
        for line in [
            "'http://x' ../a.deb 1 SHA256:\(digest)", "'http://x' a.deb 1 MD5Sum:\(digest)",
            "'file:/x' a.deb 1 SHA256:\(digest)",
            "'http://x' a.deb 1", "W: something is wrong here", "",
        ] {
            #expect(DependencyDownload.Item(line) == nil, "\(line)")
        }
    }

    @Test("apt sees the packages that are to come as unpacked, in place of those of the same name")
    func status() throws {
        let old = """
            Package: a
            Status: install ok installed
            Version: 1
            Architecture: amd64
            Conffiles:
             /etc/a 0

            Package: b
            Status: install ok installed
            Version: 1
            Architecture: all

            Package: c
            Status: deinstall ok config-files
            Version: 1
            Architecture: all
            """
        let new = try ControlReader.stanzas(
            of: Array("Package: a\nVersion: 2\nArchitecture: amd64\nDepends: x,\n y\nDescription: d\n".utf8), name: "x")
        let text = try AptStatus.text(Array(old.utf8), with: new, name: "x")
        #expect(
            text == """
                Status: install ok installed
                Package: b
                Architecture: all
                Version: 1

                Status: install ok unpacked
                Package: a
                Architecture: amd64
                Version: 2
                Depends: x, y


                """)
    }
}
