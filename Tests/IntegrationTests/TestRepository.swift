import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport

/// Signed apt archives of a test's own on the loopback, one a folder.
final class TestRepository {
    /// The public half of the key that archives are signed with.
    let keyring: FilePath
    private let scratch: ScratchDirectory
    private let server: ChildProcess
    private let port: Int
    private let log: FilePath

    init(in scratch: ScratchDirectory) throws {
        self.scratch = scratch
        keyring = scratch("trusted.gpg")
        log = scratch("http.log")
        try Files.makeDirectory(scratch("archives"))
        for home in ["trusted", "stranger"] {
            try Files.makeDirectory(scratch(home), mode: 0o700)
            try Self.gpg(
                scratch(home), "--quick-generate-key", "\(home) <\(home)@example.org>", "ed25519", "sign", "never")
        }
        try Self.gpg(scratch("trusted"), "--export", "--output", keyring.string)
        let output = try Files.open(log, .writeOnly, [.create, .append])
        defer { try? output.close() }
        server = try ChildProcess(
            Command(
                Program("python3", package: "python3", for: "tests"),
                ["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory", scratch("archives").string]),
            output: .descriptor(output), error: .descriptor(output))
        var found: Int?
        let deadline = ContinuousClock.now + .seconds(20)
        while found == nil, ContinuousClock.now < deadline {
            Interrupts.sleep(.milliseconds(20))
            // "Serving HTTP on 127.0.0.1 port 40000 (…"
            found = try Files.text(log).split(separator: " port ").dropFirst().first.flatMap {
                Int($0.prefix { $0.isNumber })
            }
        }
        guard let found else { throw Failure(.failure, "the server did not start") }
        port = found
    }

    deinit {
        kill(server.pid, SIGTERM)
        for home in ["trusted", "stranger"] {
            _ = try? tool("gpgconf", "--homedir", scratch(home).string, "--kill", "all")
        }
    }

    /// What was asked of the server so far.
    var requests: String { get throws { try Files.text(log) } }

    /// How an archive is made.
    enum Signature: String { case good, stranger, none, altered }

    /// Makes an archive of some packages.
    ///
    /// - Returns: its address and suite, as they stand in sources.list(5).
    func archive(_ name: String, _ packages: [TestPackage], _ signature: Signature = .good) throws -> String {
        let folder = scratch("archives/\(name)")
        try Files.makeDirectory(folder)
        for package in packages {
            let file = try package.pack(in: scratch)
            try Files.rename(file, to: folder.appending(file.lastComponent?.string ?? ""))
        }
        let tool = Program("apt-ftparchive", package: "apt-utils", for: "tests")
        var index = try runner.run(Command(tool, ["packages", "."]), directory: folder).bytes
        try Files.writeAtomically(index, to: folder.appending("Packages"), mode: 0o644)
        let release = try runner.run(Command(tool, ["release", "."]), directory: folder).bytes
        try Files.writeAtomically(release, to: folder.appending("Release"), mode: 0o644)
        if signature != .none {
            try Self.gpg(
                scratch(signature == .stranger ? "stranger" : "trusted"), "--clearsign", "--output",
                folder.appending("InRelease").string, folder.appending("Release").string)
        }
        if signature == .altered {
            index += Array("\n".utf8)
            try Files.writeAtomically(index, to: folder.appending("Packages"), mode: 0o644)
        }
        return "http://127.0.0.1:\(port)/\(name) ./"
    }

    /// A file of an archive.
    func file(_ archive: String, _ name: String) -> FilePath { scratch("archives/\(archive)/\(name)") }

    private static func gpg(_ home: FilePath, _ arguments: String...) throws {
        try runner.run(
            Command(
                Program("gpg", package: "gnupg", for: "tests"),
                ["--homedir", home.string, "--batch", "--yes", "--quiet", "--passphrase", ""] + arguments))
    }
}
