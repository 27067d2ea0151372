import FoundationEssentials

/// Moments as HTTP has them, in all of the three forms that a recipient must understand, see RFC 9110, 5.6.7. apt reads the same ones in
/// Release files.
enum HTTPDate {
    /// "Tue, 10 Nov 2026 01:02:03 GMT", "Tuesday, 10-Nov-26 01:02:03 GMT" (RFC 850), "Tue Nov 10 01:02:03 2026" (asctime); nil for what is
    /// none of them.
    ///
    /// - Parameter now: what a year of two digits counts from.
    static func read(_ text: some StringProtocol, now: Date = Date()) -> Date? {
        let words = text.split(whereSeparator: \.isWhitespace)
        switch words.count {
        case 6 where isUniversal(words[5]): return moment(words[3], words[2], words[1], words[4])
        case 5: return moment(words[4], words[1], words[2], words[3])
        case 4 where isUniversal(words[3]):
            let parts = words[1].split(separator: "-")
            guard parts.count == 3 else { return nil }
            guard parts[2].utf8.count == 2 else { return moment(parts[2], parts[1], parts[0], words[2]) }
            let today = CalendarDay(secondsSince1970: Int64(now.timeIntervalSince1970)).description
            let century = today.prefix(2)
            guard let found = moment("\(century)\(parts[2])", parts[1], parts[0], words[2]) else {
                return century == "20" ? moment("19\(parts[2])", parts[1], parts[0], words[2]) : nil
            }
            // More than fifty years ahead is the last century's, says the RFC.
            let isAhead = found.timeIntervalSince(now) > 50 * 365.25 * 86_400
            guard isAhead, let before = Int(century) else { return found }
            return moment("\(before - 1)\(parts[2])", parts[1], parts[0], words[2])
        default: return nil
        }
    }

    /// The day of one.
    static func day(_ text: some StringProtocol) -> CalendarDay? {
        read(text).map { CalendarDay(secondsSince1970: Int64($0.timeIntervalSince1970)) }
    }

    private static func isUniversal(_ zone: some StringProtocol) -> Bool {
        ["UTC", "GMT", "Z", "+0000"].contains(String(zone))
    }

    private static func moment(
        _ year: some StringProtocol, _ month: some StringProtocol, _ day: some StringProtocol,
        _ time: some StringProtocol
    ) -> Date? {
        guard let day = IndexDetails.read("\(day)-\(month)-\(year)").day else { return nil }
        let time = time.split(separator: ":").compactMap { Int($0) }
        guard time.count == 3, time.allSatisfy((0...60).contains) else { return nil }
        return Date(timeIntervalSince1970: Double(day.number * 86_400 + time[0] * 3600 + time[1] * 60 + time[2]))
    }
}
