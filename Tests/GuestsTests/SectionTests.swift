import DevboxCore
import TestSupport
import Testing

@testable import Guests

/// A section of a feature that nothing here knows.
private struct Tracing: RecordSection, Equatable {
    static let key = "tracing"
    var events: [String]
    var buffer: Int64?
    var kernelArguments: [String] { buffer.map { ["trace_buf_size=\($0)"] } ?? [] }
}

@Suite("Sections of guest.json", .timeLimit(.minutes(10)))
struct SectionTests {
    private let here: TestWork
    init() throws {
        here = try TestWork()
        try TestImage.make(in: here.work)
        try here.clone("base", "a")
    }

    private func change(_ body: (inout GuestRecord) throws -> Void) throws {
        var guest = try here.opened("a")
        var record = guest.record
        try body(&record)
        try guest.save(record)
    }

    @Test("a section comes back as it was written, and its kernel's arguments stand beside the guest's own")
    func kept() throws {
        #expect(try here.store.load("a").section(Tracing.self) == nil)
        let section = Tracing(events: ["sched"], buffer: 64)
        try change {
            try $0.set(section)
            $0.kernelArguments = ["quiet"]
        }
        let record = try here.store.load("a")
        #expect(try record.section(Tracing.self) == section)
        #expect(record.allKernelArguments == ["quiet", "trace_buf_size=64"])
        try change { try $0.set(Tracing(events: [])) }
        #expect(try here.store.load("a").allKernelArguments == ["quiet"])
    }

    @Test("one that is removed is gone from the file, and what a newer devbox wrote beside it is not")
    func removed() throws {
        let file = here.store.files("a").record
        let text = try Files.text(file).replacing("\"version\" : 1", with: "\"version\" : 1,\n  \"colour\" : \"red\"")
        try Files.writeAtomically(Array(text.utf8), to: file)
        try change { try $0.set(Tracing(events: [])) }
        try change { $0.remove(Tracing.self) }
        let value = try RecordFile.decode(JSONValue.self, from: Files.read(file))
        #expect(value["tracing"] == nil)
        #expect(value["colour"]?.string == "red")
    }

    @Test("a snapshot holds the sections of its time; what is no section stays as it is")
    func rolledBack() throws {
        let snapshots = Snapshots(here.store, runner: runner)
        try change { try $0.set(Tracing(events: ["then"], buffer: 1)) }
        _ = try snapshots.take("a", as: "then")
        try change {
            $0.remove(Tracing.self)
            $0.members["other"] = .object(["x": .integer(1)])
            $0.members["colour"] = .string("red")
        }
        // What a newer devbox may have written into the snapshot and is no section is not the guest's.
        try change {
            $0.snapshots[0].sections["note"] = .string("x")
            $0.snapshots[0].sections["cpus"] = .object([:])
        }
        _ = try snapshots.rollBack("a", to: "then")
        let record = try here.store.load("a")
        #expect(record.members["note"] == nil && record.cpus > 0)
        #expect(try record.section(Tracing.self) == Tracing(events: ["then"], buffer: 1))
        #expect(record.allKernelArguments == ["trace_buf_size=1"])
        #expect(record.members["other"] == nil && record.members["colour"] == .string("red"))
    }

    @Test("one that is not as its module wrote it is named, and keeps nobody else from the record")
    func damaged() throws {
        try change { $0.members["tracing"] = .object(["events": .integer(7)]) }
        let record = try here.store.load("a")
        let error = reported { _ = try record.section(Tracing.self) }
        #expect(error?.exitCode == .badInput)
        #expect(error?.message.contains("'tracing' in guests/a/guest.json") == true, "\(error?.message ?? "")")
        #expect(error?.message.contains("'events' is not as expected") == true)
        try change { $0.members["tracing"] = .integer(5) }
        let other = reported { _ = try here.store.load("a").section(Tracing.self) }
        #expect(other?.exitCode == .badInput)
    }

    @Test("a guest of no memory or no processor is none")
    func impossible() throws {
        let file = here.store.files("a").record
        let text = try Files.text(file)
        for (key, value) in [("memory", "-1"), ("memory", "0"), ("cpus", "0")] {
            let changed = text.replacing(try Regex("\"\(key)\" : [0-9]+"), with: "\"\(key)\" : \(value)")
            try Files.writeAtomically(Array(changed.utf8), to: file)
            let error = reported { _ = try here.store.load("a") }
            #expect(
                error?.exitCode == .badInput && error?.message.contains("'\(key)'") == true, "\(error?.message ?? "")")
        }
    }
}
