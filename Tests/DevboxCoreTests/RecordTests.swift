import DevboxCore
import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

private struct Sample: Record, Equatable {
    static let currentVersion = 2
    var version = Self.currentVersion
    var name: String
    var createdAt: Date
    var note: String?

    enum Keys: String, CodingKey, CaseIterable {
        case version, name, createdAt, note
    }
}

@Suite("Records")
struct RecordTests {
    private let scratch: ScratchDirectory
    private let file: FilePath
    init() throws {
        scratch = try ScratchDirectory()
        file = scratch("sample.json")
    }

    @Test("a record is written as JSON with sorted keys, ISO 8601 dates and a newline, for its owner only")
    func format() throws {
        try RecordFile.write(Sample(name: "a", createdAt: Date(timeIntervalSince1970: 1_795_262_400)), to: file)
        #expect(
            try Files.text(file) == """
                {
                  "createdAt" : "2026-11-21T12:00:00Z",
                  "name" : "a",
                  "version" : 2
                }

                """)
        #expect(try Files.status(file).st_mode & 0o7777 == 0o600)
    }

    @Test("fields that a newer devbox added survive a rewrite, and a known field that became nil does not")
    func unknownFields() throws {
        let text = #"{"version":2,"name":"a","createdAt":"2026-11-21T12:00:00Z","note":"old","tags":["x",{"y":1}]}"#
        try scratch.write(text, to: "sample.json")
        var record = try RecordFile.read(Sample.self, from: file)
        record.name = "b"
        record.note = nil
        try RecordFile.write(record, to: file)
        let value = try RecordFile.decode(JSONValue.self, from: Files.read(file))
        #expect(value["tags"] == .array([.string("x"), .object(["y": .integer(1)])]))
        #expect(value["name"]?.string == "b")
        #expect(value["note"] == nil)
        #expect(try RecordFile.read(Sample.self, from: file) == record)
    }

    private struct NameOnly: Decodable {
        let name: String
    }

    @Test("a part of a record is read whatever the rest of it is, and one of a newer version is refused all the same")
    func part() throws {
        try scratch.write(#"{"version":2,"name":"a","createdAt":"yesterday"}"#, to: "sample.json")
        #expect(try RecordFile.read(NameOnly.self, of: Sample.self, from: file).name == "a")
        try scratch.write(#"{"version":3,"name":"a"}"#, to: "sample.json")
        let error = #expect(throws: Failure.self) { try RecordFile.read(NameOnly.self, of: Sample.self, from: file) }
        #expect(error?.message == "\(file) has version 3; this devbox knows versions up to 2")
    }

    @Test("a record of a newer version is refused by name, with both versions")
    func newerVersion() throws {
        try scratch.write(#"{"version":3,"something":"else"}"#, to: "sample.json")
        let error = #expect(throws: Failure.self) { try RecordFile.read(Sample.self, from: file) }
        #expect(error?.exitCode == .badInput)
        #expect(error?.message == "\(file) has version 3; this devbox knows versions up to 2")
        #expect(error?.hint == "use the newer devbox that wrote it")
    }

    @Test(
        "a damaged record is bad input that names the file and the field",
        arguments: [
            ("", "cannot be read"), ("{\"version\":2", "cannot be read"), ("[]", "cannot be read"),
            (#"{"version":2,"createdAt":"2026-11-21T12:00:00Z"}"#, "it has no 'name'"),
            (#"{"version":2,"name":7,"createdAt":"2026-11-21T12:00:00Z"}"#, "'name' is not as expected"),
            (#"{"version":2,"name":"a","createdAt":"yesterday"}"#, "a value in it is not as expected"),
        ])
    func damaged(text: String, reason: String) throws {
        try scratch.write(text, to: "sample.json")
        let error = #expect(throws: Failure.self) { try RecordFile.read(Sample.self, from: file) }
        #expect(error?.exitCode == .badInput)
        #expect(error?.message.contains(file.string) == true)
        #expect(error?.message.contains(reason) == true, "\(error?.message ?? "none")")
        #expect(error?.hint != nil)
    }

    @Test("a record that is not there is not found")
    func absent() {
        let error = #expect(throws: Failure.self) { try RecordFile.read(Sample.self, from: file) }
        #expect(error?.exitCode == .notFound)
    }
}
