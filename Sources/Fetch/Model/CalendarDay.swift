import Glibc

/// A day of the Gregorian calendar in UTC, which all dates of builds are in.
public struct CalendarDay: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Days since 1970-01-01.
    public let number: Int

    /// - Parameter number: days since 1970-01-01.
    public init(number: Int) { self.number = number }

    /// The day of a moment, given in seconds since 1970.
    public init(secondsSince1970 seconds: Int64) {
        number = Int(seconds / 86_400) - (seconds % 86_400 < 0 ? 1 : 0)
    }

    /// The day that it is now.
    public static var today: CalendarDay { CalendarDay(secondsSince1970: Int64(time(nil))) }

    /// Reads "2026-11-03", "20261103", "2026.11.03" or "2026_11_03"; nil for anything else and for days that there are not.
    public init?(_ text: some StringProtocol) {
        var digits: [Int] = []
        var separators: [UInt8] = []
        for (index, byte) in text.utf8.enumerated() {
            if (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) {
                digits.append(Int(byte - UInt8(ascii: "0")))
            } else if index == 4 || index == 7 {
                separators.append(byte)
            } else {
                return nil
            }
        }
        guard digits.count == 8, separators.isEmpty || separators.count == 2 && separators[0] == separators[1],
            separators.first.map({ "-._".utf8.contains($0) }) ?? true
        else { return nil }
        func value(_ range: Range<Int>) -> Int { digits[range].reduce(0) { $0 * 10 + $1 } }
        self.init(year: value(0..<4), month: value(4..<6), day: value(6..<8))
    }

    /// nil for a day that there is not, such as 30 February, and for years before 1970.
    public init?(year: Int, month: Int, day: Int) {
        guard (1970...9999).contains(year), (1...12).contains(month), (1...31).contains(day) else { return nil }
        // Days from civil: years begin in March, so that the leap day is the last of its year.
        let shifted = month > 2 ? year : year - 1
        let era = shifted / 400
        let yearOfEra = shifted - era * 400
        let dayOfYear = (153 * (month + (month > 2 ? -3 : 9)) + 2) / 5 + day - 1
        number = era * 146_097 + yearOfEra * 365 + yearOfEra / 4 - yearOfEra / 100 + dayOfYear - 719_468
        guard parts == (year, month, day) else { return nil }
    }

    private var parts: (year: Int, month: Int, day: Int) {
        let days = number + 719_468
        let era = days / 146_097
        let dayOfEra = days - era * 146_097
        let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36_524 - dayOfEra / 146_096) / 365
        let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let month = (5 * dayOfYear + 2) / 153
        let year = yearOfEra + era * 400
        return month < 10
            ? (year, month + 3, dayOfYear - (153 * month + 2) / 5 + 1)
            : (year + 1, month - 9, dayOfYear - (153 * month + 2) / 5 + 1)
    }

    /// "2026-11-03"
    public var description: String { text(separator: "-") }

    /// The day with something between its parts, or nothing.
    public func text(separator: String) -> String {
        let (year, month, day) = parts
        func two(_ number: Int) -> String { number < 10 ? "0\(number)" : "\(number)" }
        return "\(year)\(separator)\(two(month))\(separator)\(two(day))"
    }

    /// A number of days later, or earlier for a negative one.
    public func adding(_ days: Int) -> CalendarDay { CalendarDay(number: number + days) }

    /// The same day of another month, or that month's last day where it is shorter; nil for one before 1970.
    public func addingMonths(_ months: Int) -> CalendarDay? {
        let (year, month, day) = parts
        let total = year * 12 + month - 1 + months
        return (0...3).lazy.compactMap { CalendarDay(year: total / 12, month: total % 12 + 1, day: day - $0) }.first
    }

    /// Whether `left` comes before `right`.
    public static func < (left: CalendarDay, right: CalendarDay) -> Bool { left.number < right.number }
}

extension CalendarDay: Codable {
    /// Decodes "2026-11-03".
    public init(from decoder: any Decoder) throws {
        let container = try decoder.singleValueContainer()
        guard let day = CalendarDay(try container.decode(String.self)) else {
            throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a date")
        }
        self = day
    }

    /// Encodes "2026-11-03".
    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// What the user may say about a date: `latest`, `today`, `yesterday`, `2026-11-03`, `"3 days ago"`.
public enum DateChoice: Sendable, Equatable {
    case latest
    case day(CalendarDay)

    /// nil for text that is no date.
    ///
    /// - Parameter today: the day that "3 days ago" counts from.
    public init?(_ text: String, today: CalendarDay = .today) {
        let words = text.lowercased().split(separator: " ")
        switch words.count {
        case 1 where words[0] == "latest": self = .latest
        case 1 where words[0] == "today": self = .day(today)
        case 1 where words[0] == "yesterday": self = .day(today.adding(-1))
        case 1:
            guard let day = CalendarDay(words[0]) else { return nil }
            self = .day(day)
        case 3 where words[2] == "ago":
            let isOne = ["a", "an", "one"].contains(words[0])
            guard let count = isOne ? 1 : Int(words[0]), (0...20_000).contains(count) else { return nil }
            switch words[1] {
            case "day", "days": self = .day(today.adding(-count))
            case "week", "weeks": self = .day(today.adding(-7 * count))
            case "month", "months":
                guard let day = today.addingMonths(-count) else { return nil }
                self = .day(day)
            case "year", "years":
                guard let day = today.addingMonths(-12 * count) else { return nil }
                self = .day(day)
            default: return nil
            }
        default: return nil
        }
    }

    /// The day that builds may not be newer than; nil for any.
    public var limit: CalendarDay? {
        if case .day(let day) = self { day } else { nil }
    }
}
