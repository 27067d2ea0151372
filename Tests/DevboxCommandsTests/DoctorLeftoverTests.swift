import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

@Suite("doctor, after devbox was killed", .timeLimit(.minutes(10)))
struct DoctorLeftoverTests {
    private let scratch: ScratchDirectory
    private let work: WorkDirectory

    init() throws {
        scratch = try ScratchDirectory()
        work = try WorkDirectory(given: scratch("work").string, environment: [:])
    }

    /// A debug package of which the vmlinux takes devbox a while.
    private func symbols(_ version: String) throws -> FilePath {
        let package = TestPackage("linux-image-\(version)-dbg", architecture: "amd64")
        let vmlinux = scratch("tree-\(package.name)-1.0/usr/lib/debug/boot/vmlinux-\(version)")
        try Files.makeDirectory(vmlinux.removingLastComponent())
        try tool("truncate", "-s", "512M", vmlinux.string)
        return try package.pack(in: scratch, compression: "zstd")
    }

    private var unfinished: FilePath? {
        (try? Files.list(work.share(.debug)))?.first { $0.hasPrefix(".new-") }.map { work.share(.debug).appending($0) }
    }

    @Test("what a killed install-kernel --debug leaves is named by doctor, and cleaned away by --fix")
    func symbols() throws {
        let kernel = try TestPackage.kernel("6.1.0-99-amd64").pack(in: scratch).string
        let arguments = ["install-kernel", "none", kernel, "--debug", try symbols("6.1.0-99-amd64").string]
        var child = try ChildProcess(
            Command(Devbox.program, arguments, environment: ["DEVBOX_WORK": work.path.string]), output: .null,
            error: .null)
        let deadline = ContinuousClock.now + .seconds(120)
        while unfinished.map({ Files.sizeOnDisk($0) < 1 << 20 }) ?? true, .now < deadline { usleep(1000) }
        // While it is at work, it is nobody's leftover.
        child.signal(SIGSTOP)
        let left = try #require(unfinished)
        #expect(try told(doctor()).isEmpty)
        child.signal(SIGKILL)
        _ = try child.wait()
        #expect(Files.exists(left))
        #expect(try told(doctor()) == ["unfinished folder left \(left) -"])
        #expect(Files.exists(left))
        #expect(try told(doctor("--fix")) == ["unfinished folder cleaned \(left) -"])
        #expect(!Files.exists(left))
        #expect(try doctor().contains("Nothing is left over in \(work.path)."))
    }

    /// The lines of the table of leftovers, with single spaces.
    private func told(_ text: String) -> [String] {
        text.split(separator: "\n").filter { $0.contains(" \(work.path)/") }
            .map { $0.split(separator: " ").joined(separator: " ") }
    }

    /// What it prints; that the host lacks something is not the point here.
    private func doctor(_ arguments: String...) throws -> String {
        try runner.attempt(
            Command(Devbox.program, ["doctor"] + arguments, environment: ["DEVBOX_WORK": work.path.string]),
            limit: .seconds(120)
        ).text
    }
}
