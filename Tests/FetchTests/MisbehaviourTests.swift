import DevboxCore
import Foundation
import Synchronization
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

@Suite("Servers that misbehave", .timeLimit(.minutes(10)))
struct MisbehaviourTests {
    let bed: FetchBed
    private static let content = FetchBed.deb(1, size: 3 << 20)
    private static let page = Array("<a href=\"ltp-1-amd64.deb\">ltp</a>".utf8)

    init() throws { bed = try FetchBed() }

    /// A server with one package in its only folder; `body` answers for the package.
    private func server(
        page: [UInt8] = page, sums: Bool = true,
        _ body: @escaping @Sendable (RawServer.Request, RawServer.Connection) -> Void
    ) throws -> RawServer {
        let line = sums ? Array("\(try digest(Self.content))  ltp-1-amd64.deb\n".utf8) : nil
        let listed = page + (sums ? Array("<a href=\"SHA256SUMS\">s</a>".utf8) : [])
        let server = try RawServer { request, connection in
            switch request.path {
            case "/": connection.answer("200 OK", [:], listed)
            case "/SHA256SUMS": connection.answer("200 OK", [:], line ?? [])
            case "/ltp-1-amd64.deb": body(request, connection)
            default: connection.answer("404 Not Found")
            }
        }
        try bed.tree(server.address, pattern: "{root}/", more: "    max-size: 8M\n")
        return server
    }

    private func digest(_ bytes: [UInt8]) throws -> SHA256Digest {
        var hasher = SHA256Digest.Hasher()
        bytes.withUnsafeBytes { hasher.update($0) }
        return hasher.digest
    }

    /// Fetches, and expects an error that names the address; nothing is left but what can be gone on with.
    private func fails(_ code: ExitCode, _ words: String, at path: String = "/ltp-1-amd64.deb", server: RawServer)
        throws
    {
        let error = try #require(reported { _ = try bed.fetch("ltp") })
        #expect(error.exitCode == code, "\(error.message)")
        #expect(error.message.contains("\(server.address)\(path)"), "\(error.message)")
        #expect(error.message.contains(words), "\(error.message)")
        #expect(try bed.published().isEmpty)
    }

    @Test("one that stalls")
    func stall() throws {
        let server = try server { _, connection in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.content.count)\r\n\r\n")
            connection.send(Array(Self.content.prefix(1000)))
            connection.hang()
        }
        try fails(.failure, "stalls", server: server)
        #expect(try bed.parts().filter { $0.hasSuffix(".part") }.isEmpty)
    }

    @Test("one that never answers")
    func silence() throws {
        let server = try server { _, connection in connection.hang() }
        try fails(.failure, "does not answer in time", server: server)
    }

    @Test("one that nobody runs any more")
    func gone() throws {
        let port = try RawServer.freePort()
        try bed.tree("http://127.0.0.1:\(port)", pattern: "{root}/")
        let error = try #require(reported { _ = try bed.fetch("ltp") })
        #expect(error.exitCode == .failure)
        #expect(error.message.contains("http://127.0.0.1:\(port)/ cannot be reached"))
    }

    @Test("one that breaks off each time, and knows no ranges")
    func truncation() throws {
        let server = try server { _, connection in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: \(Self.content.count)\r\n\r\n")
            connection.send(Array(Self.content.prefix(2 << 20)))
        }
        try fails(.failure, "broke off", server: server)
        #expect(server.requests.filter { $0.path == "/ltp-1-amd64.deb" }.count == 4)
        #expect(try bed.parts().filter { $0.hasSuffix(".part") }.isEmpty)
    }

    @Test("one that breaks off again and again, but gets on: the file arrives, no byte twice")
    func piecemeal() throws {
        let server = try server { request, connection in
            let offset = request.offset ?? 0
            let rest = Self.content.dropFirst(offset)
            let range = "Content-Range: bytes \(offset)-\(Self.content.count - 1)/\(Self.content.count)\r\n"
            connection.send(
                "HTTP/1.1 \(offset > 0 ? "206 Partial\r\n" + range : "200 OK\r\n")ETag: \"a\"\r\nContent-Length: \(rest.count)\r\n\r\n"
            )
            connection.send(Array(rest.prefix(300_000)))
        }
        #expect(try bed.fetch("ltp").content == Self.content)
        let offsets = server.requests.filter { $0.path == "/ltp-1-amd64.deb" }.map { $0.offset ?? 0 }
        #expect(offsets.count > 8)
        #expect(offsets == offsets.sorted())
        #expect(server.requests.filter { $0.headers["range"] != nil }.allSatisfy { $0.headers["if-range"] == "\"a\"" })
    }

    @Test("one that lies about the length: less came than it says it sent")
    func shortLength() throws {
        let server = try server { _, connection in
            connection.send("HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
            connection.send(Self.content)
        }
        try fails(.badInput, "\(try digest(Self.content))", server: server)
        #expect(try bed.parts().filter { $0.hasSuffix(".part") }.isEmpty)
    }

    @Test("one whose index has another size than its file")
    func otherSize() throws {
        let line = "<a href=\"ltp-1-amd64.deb\">ltp</a> 30-Sep-2026 01:02 1000\n"
        let server = try server(page: Array(line.utf8)) { _, connection in
            connection.answer("200 OK", [:], Self.content)
        }
        try fails(.badInput, "1000", server: server)
    }

    @Test("one that redirects in circles")
    func circle() throws {
        let server = try server { _, connection in
            connection.answer("302 Found", ["Location": "/ltp-1-amd64.deb"])
        }
        try fails(.failure, "redirects in circles", server: server)
    }

    @Test(
        "one that redirects to another scheme",
        arguments: ["file:///etc/passwd", "ftp://127.0.0.1/x", "https://127.0.0.1:1/ltp-1-amd64.deb"])
    func scheme(target: String) throws {
        let server = try server { _, connection in connection.answer("302 Found", ["Location": target]) }
        try fails(.failure, "another scheme", server: server)
    }

    @Test(
        "one that answers with no HTTP at all, or redirects to nowhere",
        arguments: [
            ("SSH-2.0-OpenSSH_9.2\r\n", "answers with something that is not HTTP"),
            ("HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "does not say where to"),
            ("HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:99999/\r\nContent-Length: 0\r\n\r\n", "is no address"),
        ])
    func nonsense(answer: String, words: String) throws {
        // Nor is it called a file of the wrong size.
        let page = "<a href=\"ltp-1-amd64.deb\">ltp</a> 30-Sep-2026 01:02 3145728\n"
        let server = try server(page: Array(page.utf8)) { _, connection in connection.send(answer) }
        try fails(.failure, words, server: server)
    }

    @Test("one that redirects to another place of the same scheme is followed")
    func redirect() throws {
        let other = try RawServer { _, connection in connection.answer("200 OK", [:], Self.content) }
        let server = try server { _, connection in connection.answer("302 Found", ["Location": "\(other.address)/x"]) }
        #expect(try bed.fetch("ltp").content == Self.content)
        #expect(server.requests.count == 3)
    }

    @Test("one that answers with an error", arguments: [404, 403, 500, 503])
    func status(code: Int) throws {
        let server = try server { _, connection in connection.answer("\(code) No", [:], Array("<html>no</html>".utf8)) }
        try fails(.failure, "answered \(code)", server: server)
        let asked = server.requests.filter { $0.path == "/ltp-1-amd64.deb" }.count
        #expect(asked == (code >= 500 ? 4 : 1), "only what may change is asked again")
    }

    @Test("one that has a bad moment is asked again")
    func moment() throws {
        let server = try server { request, connection in
            request.earlier < 2 ? connection.answer("503 Busy") : connection.answer("200 OK", [:], Self.content)
        }
        #expect(try bed.fetch("ltp").content == Self.content)
        #expect(server.requests.count == 5)
    }

    @Test(
        "one that is asked too much and tells for how long: it is left alone until then, and asked again",
        arguments: [429, 503])
    func retryAfter(code: Int) throws {
        let begin = ContinuousClock.now
        let server = try server { request, connection in
            request.earlier == 0
                ? connection.answer("\(code) No", ["Retry-After": "1"]) : connection.answer("200 OK", [:], Self.content)
        }
        #expect(try bed.fetch("ltp").content == Self.content)
        #expect(ContinuousClock.now - begin >= .seconds(1))
        #expect(server.requests.filter { $0.path == "/ltp-1-amd64.deb" }.count == 2)
    }

    @Test(
        "one that wants to be left alone for longer than anybody waits: it is asked once, and it is told when to come again (75)"
    )
    func longRetryAfter() throws {
        let server = try server { _, connection in connection.answer("429 No", ["Retry-After": "3600"]) }
        try fails(.busy, "answered 429 (too many requests)", server: server)
        #expect(server.requests.filter { $0.path == "/ltp-1-amd64.deb" }.count == 1)
        #expect(reported { _ = try bed.fetch("ltp") }?.hint == "the server asks to come again in 3600 s")
    }

    @Test("a time that is beyond all numbers is a long one: the server is asked once (75)")
    func hugeRetryAfter() throws {
        let server = try server { _, connection in
            connection.answer("429 No", ["Retry-After": "99999999999999999999"])
        }
        try fails(.busy, "answered 429 (too many requests)", server: server)
        #expect(server.requests.filter { $0.path == "/ltp-1-amd64.deb" }.count == 1)
    }

    @Test("one that changes the file between two ranges: the new one arrives whole, and is no mixture")
    func changed() throws {
        let old = FetchBed.deb(2, size: 3 << 20)
        let server = try server { request, connection in
            guard request.earlier > 0 else {
                connection.send("HTTP/1.1 200 OK\r\nETag: \"old\"\r\nContent-Length: \(old.count)\r\n\r\n")
                connection.send(Array(old.prefix(2 << 20)))
                return
            }
            // As RFC 9110 has it: If-Range does not fit any more, so all of the file comes.
            connection.answer("200 OK", ["ETag": "\"new\""], Self.content)
        }
        #expect(try bed.fetch("ltp").content == Self.content)
        #expect(server.requests.last?.headers["if-range"] == "\"old\"")
    }

    @Test("one that changes the file and minds no If-Range: the mixture is not used, and all is fetched anew")
    func mixture() throws {
        let old = FetchBed.deb(2, size: 3 << 20)
        let server = try server { request, connection in
            let offset = request.offset ?? 0
            let content = request.earlier == 0 ? old : Self.content
            let range = "Content-Range: bytes \(offset)-\(content.count - 1)/\(content.count)\r\n"
            connection.send("HTTP/1.1 \(offset > 0 ? "206 Partial\r\n" + range : "200 OK\r\n")ETag: \"a\"\r\n")
            connection.send("Content-Length: \(content.count - offset)\r\n\r\n")
            connection.send(Array(content.dropFirst(offset).prefix(request.earlier == 0 ? 2 << 20 : .max)))
        }
        #expect(try bed.fetch("ltp").content == Self.content)
        #expect(server.requests.last?.offset == nil)
    }

    @Test("one that sends a part of another state of the file: it is told by its ETag, not used, and nothing stays")
    func otherState() throws {
        let server = try server(sums: false) { request, connection in
            let offset = request.offset ?? 0
            let range = "Content-Range: bytes \(offset)-\(Self.content.count - 1)/\(Self.content.count)\r\n"
            connection.send("HTTP/1.1 \(offset > 0 ? "206 Partial\r\n" + range : "200 OK\r\n")")
            connection.send("ETag: \"\(request.earlier)\"\r\nContent-Length: \(Self.content.count - offset)\r\n\r\n")
            connection.send(Array(Self.content.dropFirst(offset).prefix(request.earlier == 0 ? 2 << 20 : .max)))
        }
        try fails(.badInput, "another state of the file", server: server)
    }

    @Test("one that sends another part than asked for")
    func otherPart() throws {
        let server = try server { request, connection in
            let range =
                request.offset == nil
                ? "" : "Content-Range: bytes 0-\(Self.content.count - 1)/\(Self.content.count)\r\n"
            connection.send("HTTP/1.1 \(range.isEmpty ? "200 OK" : "206 Partial")\r\nETag: \"a\"\r\n\(range)")
            connection.send("Content-Length: \(Self.content.count)\r\n\r\n")
            connection.send(Array(Self.content.prefix(2 << 20)))
        }
        try fails(.badInput, "another part", server: server)
    }

    @Test(
        "one whose index rounds sizes, as Apache's does, and that does not tell the length: the file comes, nothing else stays"
    )
    func rounded() throws {
        let page = "<a href=\"ltp-1-amd64.deb\">ltp-1-amd64.deb</a> 2026-11-20 10:00 1.4M\n"
        let server = try server(page: Array(page.utf8), sums: false) { _, connection in
            connection.send("HTTP/1.1 200 OK\r\nETag: \"a\"\r\nTransfer-Encoding: chunked\r\n\r\n186A0\r\n")
            connection.send(Array(Self.content.prefix(100_000)))
            connection.send("\r\n0\r\n\r\n")
        }
        #expect(try bed.fetch("ltp").content == Array(Self.content.prefix(100_000)))
        #expect(try bed.parts().isEmpty && server.requests.contains { $0.path.hasSuffix(".deb") })
    }

    @Test("one that sends without end for a small file", arguments: [true, false])
    func endless(isChunked: Bool) throws {
        let server = try server { _, connection in
            let length = isChunked ? "Transfer-Encoding: chunked" : "Content-Length: 10000000000"
            connection.send("HTTP/1.1 200 OK\r\n\(length)\r\n\r\n")
            let chunk = [UInt8](repeating: 0x41, count: 1 << 16)
            var sent = 0
            while sent < 1 << 30 {
                if isChunked { connection.send("10000\r\n") }
                if !connection.send(chunk) { return }
                if isChunked { connection.send("\r\n") }
                sent += chunk.count
            }
        }
        try fails(.badInput, "more than the 8M that it may have", server: server)
        #expect(try bed.parts().filter { $0.hasSuffix(".part") }.isEmpty)
    }

    @Test(
        "an index with a way out of its folder",
        arguments: [
            "../ltp-2-amd64.deb", "..%2fltp-2-amd64.deb", "http://example.com/ltp-2-amd64.deb", "/x/ltp-2-amd64.deb",
        ])
    func traversal(link: String) throws {
        let server = try server(page: Array("<a href=\"\(link)\">x</a>".utf8)) { _, _ in }
        try fails(.badInput, "leaves its folder", at: "/", server: server)
    }

    @Test("an index without end")
    func endlessIndex() throws {
        let server = try RawServer { _, connection in
            connection.send("HTTP/1.1 200 OK\r\n\r\n")
            let chunk = Array(String(repeating: "<a href=\"x\">x</a>\n", count: 60_000).utf8)
            while connection.send(chunk) {}
        }
        try bed.tree(server.address, pattern: "{root}/")
        try fails(.badInput, "is larger than", at: "/", server: server)
    }

    @Test("a page that says sorry with status 200 is no package")
    func excuse() throws {
        let server = try server(sums: false) { _, connection in
            connection.answer("200 OK", [:], Array("<html>Please log in</html>".utf8))
        }
        try fails(.badInput, "no deb file", server: server)
    }

    @Test("headers without end are cut off")
    func headers() throws {
        let server = try server { _, connection in
            connection.send("HTTP/1.1 200 OK\r\n")
            while connection.send(Array("X-Y: \(String(repeating: "z", count: 1000))\r\n".utf8)) {}
        }
        try fails(.badInput, "headers without end", server: server)
    }
}
