import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport

/// A real web server on the loopback, which can be killed and started again at the same port.
final class WebServer {
    enum Kind: String, CaseIterable, Sendable {
        case nginx, apache, python
    }

    let kind: Kind
    let port: Int
    private let folder: FilePath
    private let root: FilePath
    private let rate: Int?
    private let certificate: FilePath?
    private var child: ChildProcess?

    /// "http://127.0.0.1:PORT"
    var address: String { "http\(certificate == nil ? "" : "s")://127.0.0.1:\(port)" }

    /// - Parameters:
    ///   - rate: bytes a second that each download gets, where the server can limit it.
    ///   - certificate: a file with the key and the certificate that it shows; python's alone does.
    init(
        _ kind: Kind, root: FilePath, in scratch: ScratchDirectory, rate: Int? = nil, certificate: FilePath? = nil
    ) throws {
        self.kind = kind
        self.root = root
        self.rate = rate
        self.certificate = certificate
        port = try RawServer.freePort()
        folder = scratch("\(kind.rawValue)-\(port)")
        try Files.makeDirectory(folder)
        try Files.writeAtomically(Array(configuration(rate).utf8), to: folder.appending("conf"), mode: 0o644)
        try start()
    }

    deinit { kill() }

    func kill() {
        child?.signal(SIGKILL)
        _ = try? child?.wait()
        child = nil
    }

    func start() throws {
        // SIGKILL leaves the pid file, which Apache takes for another server's.
        try? Files.remove(folder.appending("pid"))
        child = try ChildProcess(command(), output: .null, error: .null)
        let deadline = ContinuousClock.now + .seconds(10)
        while true {
            if let socket = try? LoopbackSocket.connect(port: port) { return try socket.close() }
            guard ContinuousClock.now < deadline, try child?.wait(until: .now + .milliseconds(20)) == nil else {
                throw Failure(.failure, "\(kind) does not start: \(command().line)")
            }
        }
    }

    /// The lines of its log: status, what the request's Range was, bytes sent, path.
    func log() throws -> [String] {
        try Files.text(folder.appending("log")).split(separator: "\n").map(String.init)
    }

    private func command() -> Command {
        let configuration = folder.appending("conf").string
        switch kind {
        case .nginx:
            let built = FilePath(#filePath).removingLastComponent()
                .pushing("../../.build/test-programs/usr/sbin/nginx").lexicallyNormalized()
            let name = Files.exists(built) ? built.string : "nginx"
            return Command(
                Program(name, package: "nginx", for: "tests"), ["-c", configuration, "-p", folder.string])
        case .apache:
            return Command(Program("apache2", package: "apache2-bin", for: "tests"), ["-X", "-f", configuration])
        case .python:
            return Command(
                Program("/usr/bin/python3", package: "python3", for: "tests"),
                ["-c", Self.slowPython, "\(port)", root.string, "\(rate ?? 0)"]
                    + [certificate?.string].compactMap { $0 })
        }
    }

    /// http.server as it is, but for the pauses between the chunks of a file.
    private static let slowPython = """
        import http.server, ssl, sys, time
        rate = int(sys.argv[3])
        class Handler(http.server.SimpleHTTPRequestHandler):
            def __init__(self, *a): super().__init__(*a, directory=sys.argv[2])
            def copyfile(self, source, output):
                while chunk := source.read(1 << 20):
                    output.write(chunk)
                    if rate: time.sleep(len(chunk) / rate)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
        if len(sys.argv) > 4:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(sys.argv[4])
            server.socket = context.wrap_socket(server.socket, server_side=True)
        server.serve_forever()
        """

    private func configuration(_ rate: Int?) -> String {
        switch kind {
        case .nginx:
            // One process, so that killing it kills all of it.
            """
            daemon off; master_process off; pid \(folder)/pid; error_log \(folder)/error;
            events {}
            http {
                log_format short '$status "$http_range" $body_bytes_sent $uri';
                access_log \(folder)/log short;
                client_body_temp_path \(folder)/a; proxy_temp_path \(folder)/b; fastcgi_temp_path \(folder)/c;
                uwsgi_temp_path \(folder)/d; scgi_temp_path \(folder)/e;
                autoindex on; sendfile on;
                \(rate.map { "limit_rate \($0);" } ?? "")
                server { listen 127.0.0.1:\(port); root \(root); }
            }
            """
        case .apache:
            """
            ServerRoot \(folder)
            ServerName localhost
            Listen 127.0.0.1:\(port)
            PidFile \(folder)/pid
            ErrorLog \(folder)/error
            LoadModule mpm_event_module /usr/lib/apache2/modules/mod_mpm_event.so
            LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
            LoadModule dir_module /usr/lib/apache2/modules/mod_dir.so
            LoadModule autoindex_module /usr/lib/apache2/modules/mod_autoindex.so
            LoadModule env_module /usr/lib/apache2/modules/mod_env.so
            LoadModule ratelimit_module /usr/lib/apache2/modules/mod_ratelimit.so
            DocumentRoot \(root)
            LogFormat "%>s \\"%{Range}i\\" %B %U" short
            CustomLog \(folder)/log short
            IndexOptions FancyIndexing
            <Directory \(root)>
                Options Indexes FollowSymLinks
                Require all granted
                \(rate.map { "SetOutputFilter RATE_LIMIT\n    SetEnv rate-limit \($0 / 1024)" } ?? "")
            </Directory>
            """
        case .python: ""
        }
    }
}
