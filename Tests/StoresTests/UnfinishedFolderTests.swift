import DevboxCore
import Glibc
import HostTools
@testable import Stores
import SystemPackage
import TestSupport
import Testing

@Suite("Folders that are being filled")
struct UnfinishedFolderTests {
    private let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    @Test("a sweep removes what nobody fills any more, leaves what is being filled, and tells the others")
    func sweep() throws {
        try scratch.write("half", to: ".new-left-1-1/file")
        try scratch.write("whole", to: "one/file")
        let alive = try UnfinishedFolder(for: "alive", in: scratch.path)
        #expect(try UnfinishedFolder.abandoned(in: scratch.path) == [scratch(".new-left-1-1")])
        #expect(Files.exists(scratch(".new-left-1-1/file")), "telling removes nothing")
        #expect(try UnfinishedFolder.sweep(scratch.path) == ["one"])
        #expect(try Files.list(scratch.path) == [alive.path.lastComponent?.string, "one"])
        withExtendedLifetime(alive.path) {}
    }

    @Test("whose devbox has ended is known by the name, for those that only root may look into")
    func ended() throws {
        var child = try ChildProcess(
            Command(Program("true", package: "coreutils", for: "tests"), []), output: .null, error: .null)
        let gone = child.pid
        _ = try child.wait()
        #expect(UnfinishedFolder.hasEnded(".new-debug-\(gone)-1"))
        #expect(UnfinishedFolder.hasEnded(".new-bug-4711-\(gone)-2"))
        for name in [".new-debug-\(getpid())-1", ".new-debug-1-1", ".new-removed-1a2b", ".new-", ".new-debug--1-1"] {
            #expect(!UnfinishedFolder.hasEnded(name), "\(name)")
        }
    }

    @Test("a link or a file of such a name is not followed, and not swept")
    func links() throws {
        try scratch.write("precious", to: "elsewhere/file")
        try tool("ln", "-s", scratch("elsewhere").string, scratch(".new-link").string)
        try scratch.write("", to: ".new-file")
        #expect(try UnfinishedFolder.sweep(scratch.path) == ["elsewhere"])
        #expect(try Files.text(scratch("elsewhere/file")) == "precious")
        #expect(Files.exists(scratch(".new-file")))
    }

    @Test("a discarded folder frees its name at once; what a kill leaves of it is swept")
    func discard() throws {
        try scratch.write("", to: "one/file")
        let aside = try UnfinishedFolder.setAside(scratch("one"))
        #expect(!Files.exists(scratch("one")) && Files.exists(aside.appending("file")))
        try UnfinishedFolder.sweep(scratch.path)
        #expect(try Files.list(scratch.path).isEmpty)
        try scratch.write("", to: "two/file")
        try UnfinishedFolder.discard(scratch("two"))
        #expect(try Files.list(scratch.path).isEmpty)
        #expect(reported { try UnfinishedFolder.discard(scratch("two")) }?.exitCode == .notFound)
    }

    @Test("a scratch folder goes away with its value, and those of killed devboxes when another one comes")
    func scratchFolder() throws {
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        try Files.makeDirectory(work.cache.appending(".new-verify-1-1"))
        do {
            let folder = try UnfinishedFolder.scratch("verify", in: work)
            #expect(try Files.list(work.cache) == [folder.path.lastComponent?.string])
            withExtendedLifetime(folder.path) {}
        }
        #expect(try Files.list(work.cache).isEmpty)
    }
}
