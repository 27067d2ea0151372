import DevboxCore
import Foundation
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Files")
struct FilesTests {
    private let scratch: ScratchDirectory
    init() throws { scratch = try ScratchDirectory() }

    @Test("a file is replaced as a whole, with its mode, and no temporary file stays")
    func replaced() throws {
        let file = try scratch.write("old", to: "f")
        try Files.writeAtomically(Array("new".utf8), to: file, mode: 0o640)
        #expect(try Files.text(file) == "new")
        #expect(try Files.status(file).st_mode & 0o7777 == 0o640)
        #expect(try Files.list(scratch.path) == ["f"])
    }

    @Test("a reader sees the old file or the new one, never a part")
    func neverPartial() async throws {
        let file = scratch("f")
        let versions = [UInt8(ascii: "a"), UInt8(ascii: "b")].map { [UInt8](repeating: $0, count: 256 << 10) }
        try Files.writeAtomically(versions[0], to: file)
        async let writer: Void = Task.detached {
            for round in 1...40 { try Files.writeAtomically(versions[round % 2], to: file) }
        }.value
        for _ in 1...100 {
            let seen = try Files.read(file)
            #expect(seen == versions[0] || seen == versions[1])
        }
        try await writer
    }

    @Test("a folder that cannot be made, though the one above it is there, is an error that names it")
    func folderNowhere() throws {
        try FileManager.default.createSymbolicLink(atPath: scratch("link").string, withDestinationPath: "nowhere")
        for path in [scratch("link/x"), scratch("link/x/y"), FilePath("/proc/x/y")] {
            let error = reported { try Files.makeDirectory(path) }
            #expect(error?.message.contains("make the directory") == true, "\(error?.message ?? "none")")
        }
        try Files.makeDirectory(scratch("a/b/c"))
        try Files.makeDirectory(scratch("a/b/c"))
        #expect(try Files.isFolder(scratch("a/b/c")))
    }

    @Test("a fifo in the place of a file is refused, and not waited for", .timeLimit(.minutes(10)))
    func fifo() throws {
        try tool("mkfifo", scratch("f").string)
        let error = reported { _ = try Files.read(scratch("f")) }
        #expect(error?.exitCode == .badInput)
    }

    @Test("where the new file cannot be put in place, all is as before")
    func failsWhole() throws {
        try scratch.write("kept", to: "f/inside")
        let error = reported { try Files.writeAtomically(Array("new".utf8), to: scratch("f")) }
        #expect(error?.exitCode == .failure && error?.message.contains(scratch("f").string) == true)
        #expect(try Files.text(scratch("f/inside")) == "kept")
        #expect(try Files.list(scratch.path) == ["f"])
    }

    @Test("a link in the place of the file is replaced, not followed")
    func linkReplaced() throws {
        let outside = try scratch.write("outside", to: "outside")
        try FileManager.default.createSymbolicLink(atPath: scratch("f").string, withDestinationPath: outside.string)
        try Files.writeAtomically(Array("new".utf8), to: scratch("f"))
        #expect(try Files.text(outside) == "outside")
        #expect(try Files.status(scratch("f")).st_mode & S_IFMT == S_IFREG)
    }

    @Test("a file system without space is status 1 with a hint, and the message names the file")
    func fullDisk() throws {
        let full = try Files.open("/dev/full", .writeOnly)
        defer { try? full.close() }
        let error = #expect(throws: Failure.self) { try Files.writeAll(full, [1, 2, 3], name: "/work/f") }
        #expect(error?.exitCode == .failure)
        #expect(error?.message == "cannot write /work/f: no space left on device")
        #expect(error?.hint?.contains("free some space") == true)
    }

    @Test("a file larger than the limit is bad input, one that fits is read")
    func limit() throws {
        let file = try scratch.write("12345", to: "f")
        #expect(try Files.text(file, limit: 5) == "12345")
        let error = #expect(throws: Failure.self) { try Files.read(file, limit: 4) }
        #expect(error?.exitCode == .badInput)
    }

    @Test("a tree is removed without following the links in it, and one that is gone is fine")
    func removeTree() throws {
        try scratch.write("kept", to: "outside/f")
        try scratch.write("x", to: "tree/a/b/c")
        try FileManager.default.createSymbolicLink(
            atPath: scratch("tree/a/link").string, withDestinationPath: scratch("outside").string)
        try Files.removeTree(scratch("tree"))
        try Files.removeTree(scratch("tree"))
        #expect(try Files.list(scratch.path) == ["outside"])
        #expect(try Files.text(scratch("outside/f")) == "kept")
    }

    @Test("a tree that two remove at the same time is gone, and neither fails")
    func removedByTwo() async throws {
        for _ in 1...30 {
            for name in 1...20 { try scratch.write("", to: "tree/\(name)/f") }
            let tree = scratch("tree")
            try await withThrowingTaskGroup(of: Void.self) { group in
                for _ in 1...2 { group.addTask { try Files.removeTree(tree) } }
                try await group.waitForAll()
            }
            #expect(!Files.exists(tree))
        }
    }

    @Test("a copy is a new file, and of a file its last bytes can be had")
    func copy() throws {
        let file = try scratch.write("abcdef", to: "a")
        try Files.copy(file, to: scratch("b"))
        #expect(try Files.text(scratch("b")) == "abcdef")
        let taken = #expect(throws: Failure.self) { try Files.copy(file, to: scratch("b")) }
        let missing = #expect(throws: Failure.self) { try Files.copy(scratch("x"), to: scratch("c")) }
        #expect(taken?.exitCode == .exists && missing?.exitCode == .notFound)
        #expect(try Files.end(file, count: 2) == Array("ef".utf8) && Files.end(file, count: 9).count == 6)
    }

    @Test("renameNew makes a name only where it is free")
    func renameNew() throws {
        let file = try scratch.write("a", to: "a")
        try scratch.write("b", to: "b")
        let error = #expect(throws: Failure.self) { try Files.renameNew(file, to: scratch("b")) }
        #expect(error?.exitCode == .exists)
        #expect(try Files.text(scratch("b")) == "b")
        try Files.renameNew(file, to: scratch("c"))
        #expect(try Files.list(scratch.path) == ["b", "c"])
    }

    @Test(
        "the exit code follows errno",
        arguments: [
            (Errno.noSuchFileOrDirectory, ExitCode.notFound), (.fileExists, .exists), (.noSpace, .failure),
            (.permissionDenied, .needsRoot), (.notPermitted, .needsRoot), (.ioError, .failure),
        ])
    func errnoCodes(number: Errno, code: ExitCode) {
        let error = failure("open /x", number)
        #expect(error.exitCode == code)
        #expect(error.message.hasPrefix("cannot open /x: "))
    }
}
