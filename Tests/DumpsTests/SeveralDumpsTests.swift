import Crash
import DevboxCore
import Guests
import SystemPackage
import TestSupport
import Testing

@testable import Dumps

@Suite("Dumps of several guests", .timeLimit(.minutes(10)))
struct SeveralDumpsTests {
    private static let fixture = FilePath(#filePath).removingLastComponent().pushing(
        "../CrashTests/Fixtures/kdump.elf.xz"
    ).lexicallyNormalized()
    private let scratch: ScratchDirectory
    private let guests: GuestStore
    private let store: DumpStore

    /// Guests a and b, each with three dumps that are cut off, and a folder in the place of one.
    init() throws {
        scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        try TestImage.make(in: work) { content in
            for day in 1...3 {
                let folder = content("var/crash/2026110\(day)0000")
                try Files.makeDirectory(folder)
                try tool(
                    "sh", "-c", "xz -dc \"$1\" | head -c 30000 >\"$2\"", "sh", Self.fixture.string,
                    folder.appending("dump.2026110\(day)0000").string)
            }
            try Files.makeDirectory(content("var/crash/202611040000/dump.202611040000"))
        }
        for name in ["a", "b"] {
            try Cloner(work, runner: runner).clone("base", as: name, CloneOptions(command: "test"))
        }
        guests = GuestStore(work)
        store = DumpStore(work)
    }

    private var collector: DumpCollector { DumpCollector(guests, runner: runner, command: "test") }

    private func collect(_ names: [String]) throws -> (added: [String: Int], failed: [String: ExitCode]) {
        var added: [String: Int] = [:]
        var failed: [String: ExitCode] = [:]
        try collector.collect(names) { name, result in
            switch result {
            case .dumps(let dumps):
                added[name] = dumps.added.count
                if let problem = dumps.problems.first { failed[name] = problem.exitCode }
            case .failure(let error): failed[name] = error.exitCode
            }
        }
        return (added, failed)
    }

    @Test("one whose disk is damaged does not keep those of the others, and a file that is no dump is a problem")
    func damaged() throws {
        try Files.writeAtomically(Array("no disk".utf8), to: guests.files("a").disk)
        let result = try collect(["a", "b"])
        #expect(result.added == ["b": 3])
        #expect(result.failed == ["a": .badInput, "b": .badInput])
        #expect(try store.list("b").count == 3 && store.list("a").isEmpty)
    }

    @Test("guests are looked at by name or all; one that is gone is none where its dumps are there, else unknown")
    func names() throws {
        #expect(try collector.names(nil) == ["a", "b"])
        #expect(try collector.names("b") == ["b"])
        _ = try collect(["a"])
        for name in ["a", "b"] { try GuestRemoval.remove(name, from: guests, force: false, runner: runner) }
        #expect(try collector.names("a").isEmpty)
        #expect(reported { _ = try collector.names("b") }?.exitCode == .notFound)
        #expect(reported { _ = try collector.names("../a") }?.exitCode == .usage)
    }

    @Test("dumps are removed by name all together or not at all")
    func remove() throws {
        _ = try collect(["a"])
        let names = try store.list("a").map(\.record.name)
        try #require(names.count == 3)
        #expect(reported { try store.remove([names[0], "none"], of: "a") }?.exitCode == .notFound)
        #expect(try store.list("a").count == 3)
        var gone: [String] = []
        try store.remove([names[0], names[2], names[0]], of: "a") { gone.append($0.record.name) }
        #expect(gone.sorted() == [names[0], names[2]].sorted())
        #expect(try store.list("a").map(\.record.name) == [names[1]])
    }

    @Test("of each guest the newest stay, of one or of all")
    func prune() throws {
        _ = try collect(["a", "b"])
        let newest = try #require(try store.list("a").first).record.name
        try store.prune("a", keeping: 1)
        #expect(try store.list("a").map(\.record.name) == [newest])
        #expect(try store.list("b").count == 3)
        try store.prune(nil, keeping: 0)
        #expect(try store.list().isEmpty)
    }
}
