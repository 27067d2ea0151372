import DevboxCore
import Foundation
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

/// What devbox takes of its environment, so each test runs the program.
@Suite("Proxies, certificates, terminals", .timeLimit(.minutes(10)))
struct NetworkTests {
    let bed: FetchBed

    init() throws { bed = try FetchBed() }

    private func command(
        _ arguments: [String] = ["fetch", "ltp", "--arch", "amd64"], environment: [String: String] = [:]
    )
        throws -> Command
    {
        // Variables of whoever runs the tests do not count.
        let none = ["http_proxy", "https_proxy", "no_proxy", "all_proxy", "SSL_CERT_FILE", "CURL_CA_BUNDLE"]
        let empty = Dictionary(uniqueKeysWithValues: none.map { ($0, "") })
        let apt = try bed.apt().merging(["DEVBOX_WORK": bed.work.path.string]) { $1 }
        return Command(
            Devbox.program, arguments, environment: empty.merging(apt) { $1 }.merging(environment) { $1 })
    }

    private func fetch(_ environment: [String: String]) throws -> (status: HostTools.ExitStatus, messages: String) {
        let output = try runner.attempt(command(environment: environment), limit: .seconds(60))
        return (output.status, String(decoding: output.errorBytes, as: UTF8.self))
    }

    @Test("a proxy that is not there is named, and the server's address")
    func proxyGone() throws {
        try bed.tree("http://builds.example.org", pattern: "{root}/")
        let port = try RawServer.freePort()
        let output = try runner.attempt(
            command(["sources"], environment: ["http_proxy": "http://127.0.0.1:\(port)"]), limit: .seconds(60))
        let messages = String(decoding: output.errorBytes, as: UTF8.self)
        #expect(messages.contains("nightly: http://builds.example.org/ cannot be reached"), "\(messages)")
        #expect(messages.contains("127.0.0.1 port \(port)"), "\(messages)")
    }

    @Test("a server that needs a login gets that of ~/.netrc, and no other server does")
    func login() throws {
        let content = FetchBed.deb(1)
        let other = try RawServer { _, connection in connection.answer("200 OK", [:], content) }
        let server = try RawServer { request, connection in
            guard request.headers["authorization"] == "Basic bWU6c2VjcmV0" else {
                return connection.answer("401 Unauthorized", ["WWW-Authenticate": "Basic realm=\"x\""])
            }
            request.path == "/"
                ? connection.answer("200 OK", [:], Array("<a href=\"ltp-1-amd64.deb\">".utf8))
                : connection.answer("302 Found", ["Location": "http://localhost:\(other.port)/x"])
        }
        try bed.tree(server.address, pattern: "{root}/")
        let refused = try fetch(["HOME": bed.scratch.path.string])
        #expect(refused.status == .exited(1))
        #expect(
            refused.messages.contains("answered 401 (needs a login)\nhint: a login for a server stands in ~/.netrc"))
        try bed.scratch.write("machine 127.0.0.1 login me password secret\n", to: ".netrc")
        let allowed = try fetch(["HOME": bed.scratch.path.string])
        #expect(allowed.status == .exited(0), "\(allowed.messages)")
        #expect(!other.requests.isEmpty && other.requests.allSatisfy { $0.headers["authorization"] == nil })
    }

    @Test("http_proxy is asked for everything, but not for the hosts of no_proxy")
    func proxy() throws {
        let content = FetchBed.deb(1)
        // To a proxy the whole address is said.
        let proxy = try RawServer { request, connection in
            switch request.path {
            case "http://builds.example.org/":
                connection.answer("200 OK", [:], Array("<a href=\"ltp-1-amd64.deb\">".utf8))
            case "http://builds.example.org/ltp-1-amd64.deb": connection.answer("200 OK", [:], content)
            default: connection.answer("404 Not Found")
            }
        }
        try bed.tree("http://builds.example.org", pattern: "{root}/")
        let through = try fetch(["http_proxy": proxy.address])
        #expect(through.status == .exited(0), "\(through.messages)")
        #expect(try bed.published() == ["ltp-1-amd64.deb"])
        #expect(proxy.requests.contains { $0.path == "http://builds.example.org/ltp-1-amd64.deb" })

        try bed.publish("ltp-2-amd64.deb", FetchBed.deb(2))
        let server = try WebServer(.python, root: bed.root, in: bed.scratch)
        try bed.tree(server.address, pattern: "{root}/")
        let before = proxy.requests.count
        let direct = try fetch(["http_proxy": proxy.address, "no_proxy": "example.com,127.0.0.1"])
        #expect(direct.status == .exited(0), "\(direct.messages)")
        #expect(proxy.requests.count == before)
    }

    /// A certificate for an address, signed by an authority of the test's own, with its key in one file.
    private func certificate(for name: String) throws -> (server: FilePath, authority: FilePath) {
        let (key, authority) = (bed.scratch("ca.key"), bed.scratch("ca.pem"))
        let new = ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"]
        func openssl(_ arguments: [String]) throws {
            try runner.run(
                Command(Program("openssl", package: "openssl", for: "tests"), arguments), limit: .seconds(60))
        }
        if !Files.exists(authority) {
            try openssl(new + ["-subj", "/CN=test authority", "-keyout", key.string, "-out", authority.string])
        }
        let parts = (bed.scratch("\(name).key"), bed.scratch("\(name).crt"))
        try openssl(
            new + [
                "-subj", "/CN=\(name)", "-addext", "subjectAltName=IP:\(name)", "-addext", "basicConstraints=CA:FALSE",
            ]
                + ["-CA", authority.string, "-CAkey", key.string, "-keyout", parts.0.string, "-out", parts.1.string])
        let both = bed.scratch("\(name).pem")
        try Files.writeAtomically(Files.read(parts.0) + Files.read(parts.1), to: both)
        return (both, authority)
    }

    @Test(
        "https, by an authority that the environment names; without it, or for another host, it is refused and said why",
        arguments: ["CURL_CA_BUNDLE", "SSL_CERT_FILE"])
    func https(variable: String) throws {
        try bed.publish("ltp-1-amd64.deb", FetchBed.deb(1))
        let (right, authority) = try certificate(for: "127.0.0.1")
        let server = try WebServer(.python, root: bed.root, in: bed.scratch, certificate: right)
        try bed.tree(server.address, pattern: "{root}/")
        let unknown = try fetch([:])
        #expect(unknown.status == .exited(1))
        #expect(unknown.messages.contains("\(server.address)/ has no certificate that is trusted here: SSL"))
        #expect(unknown.messages.contains("hint: CURL_CA_BUNDLE or SSL_CERT_FILE"))
        #expect(!unknown.messages.contains("try again"))

        let other = try WebServer(
            .python, root: bed.root, in: bed.scratch, certificate: certificate(for: "127.0.0.2").server)
        try bed.tree(other.address, pattern: "{root}/")
        let wrong = try fetch([variable: authority.string])
        #expect(wrong.status == .exited(1))
        #expect(wrong.messages.contains("has no certificate that is trusted here"), "\(wrong.messages)")
        #expect(wrong.messages.contains("127.0.0.1'"), "libcurl says that the name is another one: \(wrong.messages)")
        #expect(try bed.published().isEmpty)

        try bed.tree(server.address, pattern: "{root}/")
        #expect(try fetch([variable: "/nowhere.pem"]).messages.contains("/nowhere.pem cannot be used"))
        let trusted = try fetch([variable: authority.string])
        #expect(trusted.status == .exited(0), "\(trusted.messages)")
        #expect(try bed.published() == ["ltp-1-amd64.deb"])
    }

    @Test("a bar for each download that takes over a second, on a terminal, and nothing of it stays there")
    func bars() throws {
        try bed.publish("ltp-1-amd64.deb", FetchBed.deb(1, size: 6 << 20))
        let server = try WebServer(.python, root: bed.root, in: bed.scratch, rate: 2 << 20)
        try bed.tree(server.address, pattern: "{root}/")
        let shown = try onTerminal(command())
        let bars = shown.split(whereSeparator: { "\r\n".contains($0) || $0 == "\r\n" }).filter { $0.contains("[#") }
        #expect(bars.count > 2, "\(shown)")
        #expect(bars.allSatisfy { $0.contains("ltp-1-amd64.deb") && $0.hasSuffix("% of 6M") }, "\(bars)")
        let parts = bars.compactMap { $0.split(separator: "] ").last.flatMap { Int($0.prefix { $0 != "%" }) } }
        #expect(parts == parts.sorted() && Set(parts).count > 1, "\(parts)")
        // Each is drawn over the one before, and the last is wiped away before what comes after it.
        let end = try #require(shown.range(of: "ltp: fetched"))
        #expect(shown[..<end.lowerBound].hasSuffix("\u{1B}[1A\r\u{1B}[K"), "\(shown)")
    }

    @Test("no bars where stderr is no terminal, or with --quiet", arguments: [false, true])
    func noBars(isTerminal: Bool) throws {
        try bed.publish("ltp-1-amd64.deb", FetchBed.deb(1, size: 5 << 20))
        let server = try WebServer(.nginx, root: bed.root, in: bed.scratch, rate: 2 << 20)
        try bed.tree(server.address, pattern: "{root}/")
        if isTerminal {
            #expect(try onTerminal(command(["fetch", "ltp", "--arch", "amd64", "--quiet"])) == "")
        } else {
            let output = try fetch([:])
            #expect(output.status == .exited(0))
            #expect(!output.messages.contains("\u{1B}") && !output.messages.contains("[#"))
        }
    }

    /// Runs a command with a terminal of 100 columns as its stderr, and gives back what it printed there.
    private func onTerminal(_ command: Command) throws -> String {
        // As posix_openpt(3), unlockpt(3) and ptsname(3) do it; see pty(7), ioctl_tty(2).
        let master = try Files.open("/dev/ptmx", .readWrite, FileDescriptor.OpenOptions(rawValue: O_NOCTTY))
        defer { try? master.close() }
        let (unlock, getNumber): (UInt, UInt) = (0x4004_5431, 0x8004_5430)
        var (zero, number): (Int32, Int32) = (0, 0)
        var size = winsize(ws_row: 24, ws_col: 100, ws_xpixel: 0, ws_ypixel: 0)
        #expect(ioctl(master.rawValue, unlock, &zero) == 0 && ioctl(master.rawValue, getNumber, &number) == 0)
        #expect(ioctl(master.rawValue, UInt(TIOCSWINSZ), &size) == 0)
        let slave = try Files.open(
            FilePath("/dev/pts/\(number)"), .readWrite, FileDescriptor.OpenOptions(rawValue: O_NOCTTY))
        var child = try ChildProcess(command, output: .null, error: .descriptor(slave))
        try slave.close()
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        // EIO is a terminal's end.
        while case let count = read(master.rawValue, &buffer, buffer.count), count > 0 { text += buffer[..<count] }
        #expect(try child.wait() == .exited(0))
        return String(decoding: text, as: UTF8.self)
    }
}
