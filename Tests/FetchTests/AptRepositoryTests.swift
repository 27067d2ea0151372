import DevboxCore
import Foundation
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

@Suite("apt repositories that are not as expected", .timeLimit(.minutes(3)))
struct AptRepositoryTests {
    let apt: AptBed
    var bed: FetchBed { apt.bed }

    init() throws { apt = try AptBed() }

    private func error(_ package: String = "linux") throws -> any ReportableError {
        try #require(reported { _ = try apt.find(package) })
    }

    @Test("a Valid-Until that cannot be read, and a Date that is yet to come: 65")
    func times() throws {
        try apt.settings()
        let indexes = try ["main/binary-amd64": apt.package("linux")]
        try apt.publish(indexes, fields: ["Valid-Until: soon"])
        var error = try error()
        #expect(error.exitCode == .badInput)
        #expect(error.message.hasSuffix("is damaged: its Valid-Until 'soon' is no date"), "\(error.message)")
        try apt.publish(indexes, date: AptBed.date(2 * 86_400))
        error = try self.error()
        #expect(error.exitCode == .badInput)
        #expect(error.message.contains("is not valid yet"), "\(error.message)")
        // Half a day may be a clock, or a time zone.
        try apt.publish(indexes, fields: ["Valid-Until: \(AptBed.date(3600))"], date: AptBed.date(43_200))
        #expect(try apt.find().count == 1)
    }
}
