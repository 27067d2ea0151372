import DevboxCore
import FoundationEssentials
import Testing

@testable import Fetch

@Suite("Pruning")
struct PruningTests {
    private func record(_ package: String, _ date: String, size: Int64 = 100) throws -> PackageRecord {
        PackageRecord(
            package: package, architecture: .amd64, packageVersion: "1", date: try #require(CalendarDay(date)),
            format: .deb,
            source: "s", address: "/x", path: "amd64/\(package)/\(date)-1/x.deb", size: size,
            sha256: try #require(SHA256Digest(String(repeating: "a", count: 64))), verifiedBy: nil, isSigned: false,
            fetchedAt: .init(timeIntervalSince1970: 0), command: "devbox fetch")
    }

    @Test("by age, by count for each package, and by size, the oldest first")
    func choose() throws {
        let records = try [
            record("a", "2026-11-01"), record("a", "2026-11-02"), record("a", "2026-11-03"), record("b", "2026-10-01"),
        ]
        func goes(_ change: (inout Pruning) -> Void) -> [String] {
            var rule = Pruning()
            change(&rule)
            return rule.choose(records).map { "\($0.package)\($0.date)" }
        }
        #expect(goes { _ in }.isEmpty)
        #expect(goes { $0.before = CalendarDay("2026-11-02") } == ["b2026-10-01", "a2026-11-01"])
        #expect(goes { $0.keep = 1 } == ["a2026-11-01", "a2026-11-02"])
        #expect(goes { $0.maximumSize = 250 } == ["b2026-10-01", "a2026-11-01"])
        #expect(goes { $0.keep = 0 }.count == 4)
    }
}
