import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

@testable import Targets

@Suite("Standard input that others read too", .timeLimit(.minutes(10)))
struct SharedInputTests {
    /// What `cat` and its like make of an input that they get by a copy.
    private func run(_ script: String, on source: FileDescriptor, left: Int64?) throws -> [UInt8] {
        let input = try #require(try SharedInput(source))
        let output = try Pipe()
        var child = try ChildProcess(
            Command(Program("sh", package: "dash", for: "tests"), ["-c", script]), input: input.stream,
            output: .descriptor(output.writeEnd))
        output.closeWriteEnd()
        try input.start()
        let got = try Files.readAll(output.readEnd, name: "it", limit: 8 << 20)
        _ = try child.wait(interruptible: false)
        input.finish(left: left)
        return got
    }

    private func rest(_ source: FileDescriptor) throws -> String {
        String(decoding: try Files.readAll(source, name: "the rest", limit: 8 << 20), as: UTF8.self)
    }

    @Test("of a pipe only what the command has read is taken")
    func pipe() throws {
        let pipe = try Pipe()
        try Files.writeAll(pipe.writeEnd, Array("one\ntwo\nthree\n".utf8), name: "the pipe")
        pipe.closeWriteEnd()
        #expect(try run("cat", on: pipe.readEnd, left: 10) == Array("one\ntwo\nthree\n".utf8))
        #expect(try run("cat; exec <&-", on: pipe.readEnd, left: 10) == Array("two\nthree\n".utf8))
        #expect(try rest(pipe.readEnd) == "two\nthree\n")
    }

    @Test("of a file only what the command has read is taken")
    func file() throws {
        let scratch = try ScratchDirectory()
        let file = try Files.open(scratch.write("one\ntwo\nthree\n", to: "list"), .readOnly)
        defer { try? file.close() }
        try file.seek(offset: 4, from: .start)
        #expect(try run("cat", on: file, left: 6) == Array("two\nthree\n".utf8))
        #expect(try rest(file) == "three\n")
    }

    @Test("a list as long as a pipe can hold is there for the next command, where this one has read nothing of it")
    func longList() throws {
        let list = (1...6000).map { "commit \($0)\n" }.joined().prefix(60_000)
        let pipe = try Pipe()
        try Files.writeAll(pipe.writeEnd, Array(list.utf8), name: "the pipe")
        pipe.closeWriteEnd()
        #expect(try run("cat", on: pipe.readEnd, left: 60_000).count == 60_000)
        #expect(try rest(pipe.readEnd) == list)
    }

    @Test("where nobody knows what the command has read, nothing is taken")
    func unknown() throws {
        let pipe = try Pipe()
        try Files.writeAll(pipe.writeEnd, Array("one\ntwo\n".utf8), name: "the pipe")
        pipe.closeWriteEnd()
        #expect(try run("cat", on: pipe.readEnd, left: nil) == Array("one\ntwo\n".utf8))
        #expect(try rest(pipe.readEnd) == "one\ntwo\n")
        let scratch = try ScratchDirectory()
        let file = try Files.open(scratch.write("one\ntwo\n", to: "list"), .readOnly)
        defer { try? file.close() }
        #expect(try run("cat", on: file, left: nil) == Array("one\ntwo\n".utf8))
        #expect(try rest(file) == "one\ntwo\n")
    }

    @Test("what had to be taken of a longer stream, and was not read, is counted")
    func lost() throws {
        let pipe = try Pipe()
        let writer = PipeWriter(pipe: pipe, bytes: [UInt8](repeating: 10, count: 300_000))
        let thread = try WorkThread { try writer.run() }
        let input = try #require(try SharedInput(pipe.readEnd))
        let output = try Pipe()
        var child = try ChildProcess(
            Command(Program("cat", package: "coreutils", for: "tests"), []), input: input.stream,
            output: .descriptor(output.writeEnd))
        output.closeWriteEnd()
        try input.start()
        let got = try Files.readAll(output.readEnd, name: "it", limit: 8 << 20)
        _ = try child.wait(interruptible: false)
        let lost = input.finish(left: 300_000)
        try thread.wait().get()
        #expect(got.count == 300_000)
        let left = try rest(pipe.readEnd).utf8.count
        #expect(lost > 0 && Int64(left) == 300_000 - lost)
    }

    @Test("a stream that no pipe holds at once comes whole")
    func stream() throws {
        let bytes = (0..<3_000_000).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let pipe = try Pipe()
        let writer = PipeWriter(pipe: pipe, bytes: bytes)
        let thread = try WorkThread { try writer.run() }
        #expect(try run("cat", on: pipe.readEnd, left: 0) == bytes)
        try thread.wait().get()
        #expect(try rest(pipe.readEnd).isEmpty)
    }

    @Test("what comes late comes, and the end of a command that reads nothing does not wait for it")
    func late() throws {
        let pipe = try Pipe()
        #expect(try run("exit 0", on: pipe.readEnd, left: nil).isEmpty)
        let writer = PipeWriter(pipe: pipe, bytes: Array("late\n".utf8))
        #expect(
            try run(
                "read -r first; echo $first",
                on: {
                    try writer.run(); return pipe.readEnd
                }(), left: 0)
                == Array("late\n".utf8))
    }

    @Test("of what cannot be copied there is none: it is handed over as it is")
    func devices() throws {
        let null = try Files.open("/dev/null", .readOnly)
        defer { try? null.close() }
        #expect(try SharedInput(null) == nil)
    }
}

private struct PipeWriter: @unchecked Sendable {
    let pipe: Pipe
    let bytes: [UInt8]

    func run() throws {
        try Files.writeAll(pipe.writeEnd, bytes, name: "the pipe")
        pipe.closeWriteEnd()
    }
}
