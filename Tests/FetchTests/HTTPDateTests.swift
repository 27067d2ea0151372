import DevboxCore
import FoundationEssentials
import Testing

@testable import Fetch

@Suite("Moments of HTTP")
struct HTTPDateTests {
    @Test("what a server asks for in Retry-After, in seconds or as a moment")
    func retryAfterForms() {
        func wait(_ value: String) -> Duration? {
            var head = HTTPHead()
            for line in ["HTTP/1.1 429 No\r\n", "Retry-After: \(value)\r\n"] {
                Array(line.utf8).withUnsafeBytes { head.take(line: $0) }
            }
            return head.retryAfter
        }
        #expect(wait("7") == .seconds(7) && wait("-7") == .zero && wait("soon") == nil)
        #expect(wait("Sat, 21 Nov 2020 08:15:36 GMT") == .zero)
        #expect((wait("Sun, 21 Nov 2100 08:15:36 GMT") ?? .zero) > .seconds(86_400))
        #expect((wait("Sun Nov 21 08:15:36 2100") ?? .zero) > .seconds(86_400))
        #expect(wait("Saturday, 21-Nov-20 08:15:36 GMT") == .zero)
        #expect(wait("2.5") == .seconds(3) && wait("7 ") == .seconds(7) && wait("1.2.3") == nil)
        for huge in ["99999999999999999999", String(repeating: "9", count: 400)] {
            #expect((wait(huge) ?? .zero) >= .seconds(1_000_000_000))
        }
    }

    @Test(
        "the day of Last-Modified in all three forms of HTTP",
        arguments: [
            "Tue, 10 Nov 2026 01:02:03 GMT", "Tuesday, 10-Nov-26 01:02:03 GMT", "Tue Nov 10 01:02:03 2026",
            "Tue, 10-Nov-2026 01:02:03 GMT",
        ])
    func lastModified(value: String) {
        var head = HTTPHead()
        for line in ["HTTP/1.1 200 OK\r\n", "Last-Modified: \(value)\r\n"] {
            Array(line.utf8).withUnsafeBytes { head.take(line: $0) }
        }
        #expect(head.lastModified == CalendarDay("2026-11-10"))
    }

    @Test(
        "a year of two digits is the nearest one that is not more than fifty years ahead, and what is no moment is none"
    )
    func shortYears() {
        let now = Date(timeIntervalSince1970: 1_795_000_000)
        func read(_ text: String) -> String? {
            HTTPDate.read(text, now: now).map {
                CalendarDay(secondsSince1970: Int64($0.timeIntervalSince1970)).description
            }
        }
        #expect(read("Sunday, 06-Nov-94 08:49:37 GMT") == "1994-11-06")
        #expect(read("Friday, 06-Nov-76 08:49:37 GMT") == "2076-11-06")
        #expect(read("Sun Nov  6 08:49:37 1994") == "1994-11-06")
        for text in [
            "Sunday, 31-Feb-26 08:49:37 GMT", "Sunday, 06-Nov-94 08:49:37 CET", "Sun Nov 6 08:49 1994", "06-Nov-94",
        ] {
            #expect(read(text) == nil, "\(text)")
        }
    }
}
