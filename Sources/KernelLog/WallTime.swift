/// A time of day as a log has it: what it does not say is not made up.
public struct WallTime: Sendable, Equatable {
    /// nil where the log does not say it, as in RFC 3164.
    public var year: Int16?
    /// 1 to 12.
    public var month: UInt8
    /// 1 to 31.
    public var day: UInt8
    /// 0 to 23.
    public var hour: UInt8
    /// 0 to 59.
    public var minute: UInt8
    /// 0 to 60.
    public var second: UInt8
    /// 0 where the log has no decimals.
    public var microsecond: Int32
    /// Minutes that local time is ahead of UTC; nil where the log does not say it.
    public var offset: Int16?
}

extension WallTime {
    /// Passes a time: `Nov 28 04:55:21`, `Sat Nov 28 04:55:21 2026`, `2026-11-28T04:55:21.123456+00:00`, `2018/01/09 14:28:48`. Where
    /// there is none, nothing is passed.
    static func read(_ line: Span<UInt8>, _ at: inout Int) -> WallTime? {
        let first = line.byte(at)
        guard isDigit(first) || isLetter(first) else { return nil }
        var place = at
        if isLetter(first), weekdays.contains(where: { line.has($0, at: place) }), line.byte(place + 3) == space {
            place += 4
        }
        guard let time = isDigit(line.byte(place)) ? readISO(line, &place) : readNamed(line, &place) else { return nil }
        at = place
        return time
    }

    /// Passes `Nov28 04:55`.
    static func readBrief(_ line: Span<UInt8>, _ at: inout Int) -> WallTime? {
        guard let month = month(line, at) else { return nil }
        var place = at + 3
        if line.byte(place) == space { place += 1 }
        guard let day = line.number(&place, longest: 2), line.byte(place) == space else { return nil }
        place += 1
        guard let hour = line.number(&place, digits: 2), line.byte(place) == colon else { return nil }
        place += 1
        guard let minute = line.number(&place, digits: 2) else { return nil }
        at = place
        return WallTime(nil, month, day, (hour, minute, 0, 0))
    }

    private static let space = UInt8(ascii: " ")
    private static let colon = UInt8(ascii: ":")
    private static let weekdays: [StaticString] = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    private static let months: [StaticString] = [
        "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
    ]

    private typealias Clock = (hour: Int, minute: Int, second: Int, microsecond: Int)

    /// nil where there is no such day or time.
    private init?(_ year: Int?, _ month: Int, _ day: Int, _ clock: Clock, offset: Int? = nil) {
        guard (1...12).contains(month), (1...31).contains(day), clock.hour < 24, clock.minute < 60, clock.second < 61
        else { return nil }
        self.year = year.map { Int16($0) }
        (self.month, self.day) = (UInt8(month), UInt8(day))
        (hour, minute, second) = (UInt8(clock.hour), UInt8(clock.minute), UInt8(clock.second))
        microsecond = Int32(clock.microsecond)
        self.offset = offset.map { Int16($0) }
    }

    private static func month(_ line: Span<UInt8>, _ place: Int) -> Int? {
        months.firstIndex { line.has($0, at: place) }.map { $0 + 1 }
    }

    /// `Nov 28 04:55:21.123456 2026`, where the decimals and the year may be missing.
    private static func readNamed(_ line: Span<UInt8>, _ place: inout Int) -> WallTime? {
        guard let month = month(line, place), line.byte(place + 3) == space else { return nil }
        place += line.byte(place + 4) == space ? 5 : 4
        guard let day = line.number(&place, longest: 2), line.byte(place) == space else { return nil }
        place += 1
        guard let clock = readClock(line, &place) else { return nil }
        var end = place + 1
        var year: Int?
        if line.byte(place) == space, let number = line.number(&end, digits: 4),
            line.byte(end) == space || line.byte(end) == UInt8(ascii: "]")
        {
            (year, place) = (number, end)
        }
        return WallTime(year, month, day, clock)
    }

    /// `2026-11-28T04:55:21.123456+00:00` and what differs from it a little.
    private static func readISO(_ line: Span<UInt8>, _ place: inout Int) -> WallTime? {
        guard let year = line.number(&place, digits: 4) else { return nil }
        let separator = line.byte(place)
        guard separator == UInt8(ascii: "-") || separator == UInt8(ascii: "/") else { return nil }
        place += 1
        guard let month = line.number(&place, digits: 2), line.byte(place) == separator else { return nil }
        place += 1
        guard let day = line.number(&place, digits: 2) else { return nil }
        guard line.byte(place) == UInt8(ascii: "T") || line.byte(place) == space else { return nil }
        place += 1
        guard let clock = readClock(line, &place) else { return nil }
        return WallTime(year, month, day, clock, offset: readOffset(line, &place))
    }

    /// `04:55:21`, and decimals behind a point or a comma.
    private static func readClock(_ line: Span<UInt8>, _ place: inout Int) -> Clock? {
        guard let hour = line.number(&place, digits: 2), line.byte(place) == colon else { return nil }
        place += 1
        guard let minute = line.number(&place, digits: 2), line.byte(place) == colon else { return nil }
        place += 1
        guard let second = line.number(&place, digits: 2) else { return nil }
        guard line.byte(place) == UInt8(ascii: ".") || line.byte(place) == UInt8(ascii: ","),
            isDigit(line.byte(place + 1))
        else { return (hour, minute, second, 0) }
        place += 1
        let start = place
        guard let fraction = line.number(&place, longest: 9) else { return nil }
        return (hour, minute, second, microseconds(fraction, decimals: place - start))
    }

    /// `Z`, `+01:00`, `+0100`, ` UTC`, in minutes; nil where there is none.
    private static func readOffset(_ line: Span<UInt8>, _ place: inout Int) -> Int? {
        if line.byte(place) == UInt8(ascii: "Z") {
            place += 1
            return 0
        }
        if line.has(" utc ", at: place) {
            place += 4
            return 0
        }
        let sign = line.byte(place)
        guard sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") else { return nil }
        var end = place + 1
        guard let hours = line.number(&end, digits: 2) else { return nil }
        if line.byte(end) == colon { end += 1 }
        guard let minutes = line.number(&end, digits: 2) else { return nil }
        place = end
        return (sign == UInt8(ascii: "-") ? -1 : 1) * (hours * 60 + minutes)
    }
}

/// A fraction of a second in microseconds.
func microseconds(_ fraction: Int, decimals: Int) -> Int {
    var value = fraction
    for _ in min(decimals, 6)..<6 { value *= 10 }
    for _ in 6..<max(decimals, 6) { value /= 10 }
    return value
}
