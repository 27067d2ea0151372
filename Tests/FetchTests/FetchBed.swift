import DevboxCore
import Foundation
import Glibc
import HostTools
import Settings
import SystemPackage
import TestSupport

@testable import Fetch

/// A work directory of a test's own, a folder to publish packages in, and what fetches from there.
final class FetchBed: Sendable {
    let scratch: ScratchDirectory
    let work: WorkDirectory
    /// What servers serve.
    let root: FilePath
    /// Impatient: tests wait for these.
    static let limits = HTTPLimits(
        connect: .seconds(2), stall: .seconds(1), attempts: 4, pause: .milliseconds(50), parallel: 8)

    init() throws {
        scratch = try ScratchDirectory()
        // Servers that began as root do not stay it.
        try Files.setMode(scratch.path, 0o755)
        root = scratch("root")
        try Files.makeDirectory(root)
        work = try WorkDirectory(given: scratch("work").string, environment: [:])
    }

    /// An apt of the test's own: without it, what no source has would be looked for in the machine's real ones.
    func apt(_ sources: String = "", folder: String = "apt-none") throws -> [String: String] {
        for name in [
            "lists/partial", "cache/archives/partial", "etc/sources.list.d", "etc/preferences.d", "etc/trusted.gpg.d",
        ] {
            try Files.makeDirectory(scratch("\(folder)/\(name)"))
        }
        try scratch.write(sources, to: "\(folder)/etc/sources.list")
        try scratch.write("", to: "\(folder)/status")
        let base = scratch(folder)
        let configuration = try scratch.write(
            """
            Dir::Etc "\(base)/etc"; Dir::State "\(base)"; Dir::State::lists "\(base)/lists"; Dir::State::status "\(base)/status";
            Dir::Cache "\(base)/cache"; APT::Sandbox::User "root"; APT::Architecture "amd64"; APT::Architectures { "amd64"; };
            """, to: "\(folder)/apt.conf")
        return ["APT_CONFIG": configuration.string]
    }

    /// Writes devbox.yaml.
    func settings(_ text: String) throws {
        try Files.writeAtomically(Array(text.utf8), to: work.settings)
    }

    /// One tree source at a root.
    func tree(_ root: String, pattern: String = "{root}/{date}/{arch}/{package}/", more: String = "") throws {
        try settings(
            "sources:\n  nightly:\n    kind: tree\n    root: \(root)\n    pattern: \"\(pattern)\"\n" + more)
    }

    func fetcher(limits: HTTPLimits = FetchBed.limits, apt: [String: String]? = nil, today: String = "2026-11-21")
        throws
        -> Fetcher
    {
        try Fetcher(
            work, Settings(work, sections: [.sources]), runner: runner, limits: limits, hostSuite: "bookworm",
            aptEnvironment: try apt ?? self.apt(),
            command: "devbox fetch",
            today: CalendarDay(today) ?? .today)
    }

    /// Something that begins as a .deb does.
    static func deb(_ seed: UInt64, size: Int = 20_000) -> [UInt8] {
        var random = TestRandom(seed: seed)
        var bytes = Array("!<arch>\n".utf8) + random.bytes(min(size, 65_536) - 8)
        // Every block is another one, so that one in a wrong place is noticed.
        while bytes.count < size {
            bytes += bytes[0..<min(65_535, size - bytes.count)]
            bytes[bytes.count - 1] = UInt8(truncatingIfNeeded: bytes.count >> 16)
        }
        return bytes
    }

    /// Puts a file below the root.
    func publish(_ path: String, _ bytes: [UInt8], sums: Bool = true) throws {
        let file = root.pushing(FilePath(path))
        try Files.makeDirectory(file.removingLastComponent())
        try Files.writeAtomically(bytes, to: file, mode: 0o644)
        if sums {
            let line = "\(try SHA256Digest(of: file))  \(file.lastComponent?.string ?? "")\n"
            let list = file.removingLastComponent().appending("SHA256SUMS")
            let before = Files.exists(list) ? try Files.text(list) : ""
            try Files.writeAtomically(Array((before + line).utf8), to: list, mode: 0o644)
        }
    }

    /// Fetches one package, and gives back its content.
    func fetch(
        _ package: String, date: String = "latest", fetcher: Fetcher? = nil,
        progress: @escaping ([TransferProgress]) -> Void = { _ in }
    ) throws -> (content: [UInt8], record: PackageRecord, wasThere: Bool) {
        let fetcher = try fetcher ?? self.fetcher()
        var query = BuildQuery(package: package, architecture: .amd64)
        query.notAfter = DateChoice(date, today: fetcher.context.today)?.limit
        let builds = try fetcher.find(query)
        let fetched = try fetcher.fetch(builds, progress: progress)[0].get()
        return (try Files.read(fetcher.path(fetched.record), limit: 1 << 30), fetched.record, fetched.wasThere)
    }

    /// All that is in share/packages and not to be: everything, where nothing was fetched.
    func published() throws -> [String] {
        try tool("find", work.share.appending("packages").string, "-type", "f", "-printf", "%f\n")
            .split(separator: "\n").map(String.init).sorted()
    }

    /// What lies in cache/downloads.
    func parts() throws -> [String] { try Files.list(work.cache.appending("downloads")) }
}

/// The text of a fixture.
func fixture(_ name: String) throws -> [UInt8] {
    try Files.read(FilePath(#filePath).removingLastComponent().appending("Fixtures").appending(name))
}
