import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

extension IntegrationTests {
    /// `sudo devbox fetch`: only root can be told to be somebody else.
    @Suite("fetch under sudo")
    struct FetchOwnerTests {
        private let user = 65_533
        private let scratch: ScratchDirectory

        init() throws { scratch = try ScratchDirectory() }

        /// Sends the first half of a package, and nothing more.
        private static let halfServer = """
            import http.server, sys, time
            class Handler(http.server.BaseHTTPRequestHandler):
                def do_GET(self):
                    if self.path == "/SHA256SUMS": return self.send_error(404)
                    body = b"<a href='half-1-amd64.deb'>x</a>" if self.path == "/" else b"!<arch>\\n" + bytes(4 << 20)
                    self.send_response(200)
                    self.send_header("ETag", '"a"')
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body if self.path == "/" else body[:2 << 20])
                    if self.path != "/": time.sleep(60)
            http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler).serve_forever()
            """

        @Test("packages, records, indexes and parts belong to the invoking user")
        func owner() throws {
            let work = scratch("work")
            let environment = ["DEVBOX_WORK": work.string, "SUDO_UID": "\(user)", "SUDO_GID": "\(user)"]
            func devbox(_ arguments: String...) -> Command {
                Command(Devbox.program, arguments, environment: environment)
            }
            #expect(try runner.attempt(devbox("packages"), limit: .seconds(60)).status == .exited(0))
            try scratch.write("!<arch>\nnothing", to: "root/2026-11-20/whole-1-amd64.deb")
            let port = try tool(
                "/usr/bin/python3", "-c",
                "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print(s.getsockname()[1])"
            ).filter(\.isNumber)
            let settings = """
                sources:
                  folder: {kind: tree, root: \(scratch("root")), pattern: "{root}/{date}/", packages: [whole]}
                  server: {kind: tree, root: "http://127.0.0.1:\(port)", pattern: "{root}/", packages: [half]}

                """
            try Files.writeAtomically(Array(settings.utf8), to: work.appending("devbox.yaml"))
            let fetched = try runner.attempt(devbox("fetch", "whole", "--arch", "amd64"), limit: .seconds(60))
            #expect(fetched.status == .exited(0), "\(String(decoding: fetched.errorBytes, as: UTF8.self))")
            #expect(try tool("find", work.string, "-name", "whole-1-amd64.deb", "-user", "\(user)") != "")

            let server = try ChildProcess(
                Command(
                    Program("/usr/bin/python3", package: "python3", for: "tests"), ["-c", Self.halfServer, port]),
                output: .null, error: .null)
            defer { server.signal(SIGKILL) }
            let deadline = ContinuousClock.now + .seconds(20)
            while (try? LoopbackSocket.connect(port: Int(port) ?? 0).close()) == nil, .now < deadline {
                Interrupts.sleep(.milliseconds(20))
            }
            var child = try ChildProcess(devbox("fetch", "half", "--arch", "amd64"), output: .null, error: .null)
            func part() throws -> String {
                try tool("find", work.string, "-name", "*.part", "-size", "+1M", "-user", "\(user)")
            }
            while try part() == "", .now < deadline { Interrupts.sleep(.milliseconds(20)) }
            child.signal(SIGKILL)
            _ = try child.wait()
            #expect(try part() != "")
            #expect(try tool("find", work.string, "!", "-user", "\(user)") == "")
            #expect(try tool("find", work.string, "!", "-group", "\(user)") == "")
        }
    }
}
