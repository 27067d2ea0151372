import DevboxCore
import FoundationEssentials
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

@Suite("What is remembered of fetched packages")
struct RecordsTests {
    let bed: FetchBed
    private var journal: FilePath { bed.work.records.appending("packages.jsonl") }

    init() throws { bed = try FetchBed() }

    private func record(_ name: String, digit: Character = "a") throws -> PackageRecord {
        PackageRecord(
            package: name, architecture: .amd64, packageVersion: "1", date: try #require(CalendarDay("2026-11-20")),
            format: .deb, source: "nightly", address: "/x", path: "amd64/\(name)/2026-11-20-1/\(name)-1-amd64.deb",
            size: 3, sha256: try #require(SHA256Digest(String(repeating: digit, count: 64))), verifiedBy: nil,
            isSigned: false, fetchedAt: Date(timeIntervalSince1970: 0), command: "devbox fetch")
    }

    private func add(_ records: PackageRecord...) throws {
        try PackageRecords.add(
            records.map { ($0, PackageRecords.line($0)) }, in: bed.work, isDurable: false)
    }

    private func found(_ record: PackageRecord) throws -> PackageRecord? {
        try PackageRecords(bed.work).record(of: record.path)
    }

    @Test("a line is what JSONEncoder makes of the record, whatever its texts hold")
    func line() throws {
        var odd = try record("a")
        let texts = ["\u{0}\u{1}\u{8}\t\n\u{c}\r\u{1f}", "\"\\/", "\u{7f}\u{80}ü\u{2028}\u{1F427}", ""]
        for (index, text) in texts.enumerated() {
            (odd.command, odd.verifiedBy) = (text, index == 0 ? nil : text)
            (odd.kernelVersion, odd.suite) = (index == 1 ? text : nil, index == 2 ? text : nil)
            (odd.isSigned, odd.size) = (index == 3, Int64.max - Int64(index))
            odd.fetchedAt = Date(timeIntervalSince1970: 1_795_000_000.75 + Double(index))
            #expect(
                try String(decoding: PackageRecords.line(odd), as: UTF8.self)
                    == String(decoding: RecordFile.json(odd, pretty: false), as: UTF8.self))
        }
        let members = Mirror(reflecting: odd).children.count
        #expect(members == PackageRecord.Keys.allCases.count && members == 17, "a new member is to be in the line too")
    }

    @Test("the last record of a path counts, and is forgotten alone")
    func order() throws {
        let odd = try record("a\"\\ü")
        try add(record("a"), odd)
        try add(record("a", digit: "b"))
        #expect(try found(record("a"))?.sha256 == record("a", digit: "b").sha256)
        #expect(try found(odd)?.sha256 == odd.sha256)
        #expect(try found(record("c")) == nil)
        try PackageRecords.remove(record("a").path, in: bed.work)
        #expect(try found(record("a")) == nil)
        #expect(try PackageRecords(bed.work).all { _ in }.map(\.path) == [odd.path])
        #expect(try Files.status(journal).st_mode & 0o777 == 0o600)
    }

    @Test("a line that was cut short does not count, and neither it nor a damaged one spoils others")
    func damage() throws {
        let long = try record("a-package-of-a-name-that-is-longer-than-the-others")
        try add(record("a"), long)
        let whole = try Files.read(journal)
        try Files.writeAtomically(Array("nonsense\n".utf8) + whole.dropLast(9), to: journal)
        #expect(try found(record("a"))?.sha256 == record("a").sha256)
        #expect(try found(long) == nil)
        try add(record("c"))
        try add(record("d"))
        for name in ["a", "c", "d"] { #expect(try found(record(name))?.sha256 == record(name).sha256, "\(name)") }
        var told: [String] = []
        #expect(try PackageRecords(bed.work).all { told.append($0) }.count == 3)
        #expect(told == ["\(journal), line 1"])
    }

    @Test("fields of a newer devbox are kept, and a newer version is refused by name")
    func newer() throws {
        try add(record("a"))
        let text = try Files.text(journal)
        try Files.writeAtomically(Array(text.replacing("{\"addr", with: "{\"mood\":\"good\",\"addr").utf8), to: journal)
        try add(record("a", digit: "b"))
        #expect(try Files.text(journal).split(separator: "\n").last?.contains("\"mood\":\"good\"") == true)
        let other = try Files.text(journal).replacing("\"version\":1", with: "\"version\":7")
        try Files.writeAtomically(Array(other.utf8), to: journal)
        let error = try #require(reported { _ = try found(record("a")) })
        #expect(error.message.contains("version 7") && error.message.contains(journal.string))
    }

    @Test("records that an earlier devbox kept in a file each count, until there is a newer one or they are forgotten")
    func earlier() throws {
        func keep(_ record: PackageRecord) throws {
            let file = bed.work.records.appending("packages").pushing(FilePath("\(record.path).json"))
            try Files.makeDirectory(file.removingLastComponent())
            try RecordFile.write(record, to: file)
        }
        try keep(record("a"))
        try keep(record("b"))
        #expect(try found(record("a"))?.sha256 == record("a").sha256)
        try add(record("a", digit: "b"))
        #expect(try found(record("a"))?.sha256 == record("a", digit: "b").sha256)
        #expect(try PackageRecords(bed.work).all { _ in }.count == 2)
        for name in ["a", "b"] { try PackageRecords.remove(record(name).path, in: bed.work) }
        #expect(try PackageRecords(bed.work).all { _ in }.isEmpty)
    }
}
