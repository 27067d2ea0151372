import DevboxCore

/// The day and the size behind a link of an index, in the ways in which servers print them.
struct IndexDetails {
    private let words: [Substring]

    /// "30-Sep-2026 01:02 1500000" as nginx prints it, "2026-09-30 01:02 1.4M" as Apache does, "1.4 MiB 2026-Sep-30 01:02" as fancyindex
    /// does, "Sep 30, 2026, 1:02:03 AM 1.43 MB" as Jenkins does; `-` is no size.
    ///
    /// A day that is written "9/30/2026" is none: nobody knows whether it is "30/9/2026".
    static func read(_ text: String) -> (day: CalendarDay?, size: Build.Size) {
        let details = IndexDetails(words: text.split(whereSeparator: \.isWhitespace))
        for start in details.words.indices {
            guard let (day, end) = details.day(at: start) else { continue }
            let rest = details.behindTime(end)
            // A number alone is a size only where servers that print such ones have it.
            return (day, details.size(at: rest, isBare: true) ?? details.size(before: start))
        }
        return (nil, .unknown)
    }

    private init(words: [Substring]) { self.words = words }

    private func word(_ index: Int) -> Substring? {
        guard words.indices.contains(index) else { return nil }
        return words[index].last == "," ? words[index].dropLast() : words[index]
    }

    // MARK: Days

    /// The day that begins at a word, and the word behind it.
    private func day(at index: Int) -> (CalendarDay, Int)? {
        guard let first = word(index), first.utf8.count >= 1 else { return nil }
        if let day = Self.day(ofWord: first) { return (day, index + 1) }
        guard let second = word(index + 1), let third = word(index + 2) else { return nil }
        // "30 Sep 2026", "Sep 30, 2026", "Sep 30 01:02:03 UTC 2026".
        if let day = Self.day(third, first, second) ?? Self.day(third, second, first) { return (day, index + 3) }
        guard third.contains(":"), Self.month(first) != nil else { return nil }
        for end in [index + 3, index + 4] {
            if let year = word(end), let day = Self.day(year, first, second) { return (day, end + 1) }
        }
        return nil
    }

    /// "2026-09-30", "2026-09-30T01:02:03Z", "2026/09/30", "30-Sep-2026", "2026-Sep-30", "30Sep2026".
    private static func day(ofWord word: Substring) -> CalendarDay? {
        guard let first = word.first, first.isASCIIDigit, word.utf8.count >= 9 else { return nil }
        let date = word.prefix { $0 != "T" }
        // Eight digits without anything between them may be a size.
        if date.utf8.count == 10, let day = CalendarDay(date.split(separator: "/").joined(separator: "-")) {
            return day
        }
        let parts = date.split(separator: "-")
        if parts.count == 3 { return day(parts[2], parts[1], parts[0]) ?? day(parts[0], parts[1], parts[2]) }
        let (number, rest) = (date.prefix(while: \.isASCIIDigit), date.drop(while: \.isASCIIDigit))
        return day(rest.drop(while: \.isLetter), rest.prefix(while: \.isLetter), number)
    }

    private static func day(_ year: Substring, _ name: Substring, _ day: Substring) -> CalendarDay? {
        guard year.utf8.count == 4, let year = Int(year), (1...2).contains(day.utf8.count), let day = Int(day),
            let month = month(name)
        else { return nil }
        return CalendarDay(year: year, month: month, day: day)
    }

    private static let months = [
        "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
        "december",
    ]

    /// 1 for "Jan", "Jan." and "January".
    private static func month(_ word: Substring) -> Int? {
        let name = (word.last == "." ? word.dropLast() : word).lowercased()
        guard name.utf8.count >= 3 else { return nil }
        return months.firstIndex { $0.hasPrefix(name) }.map { $0 + 1 }
    }

    /// The first word that is no time of day, and no time zone.
    private func behindTime(_ start: Int) -> Int {
        var index = start
        while let word = word(index),
            word.contains(":") || ["AM", "PM", "UTC", "GMT", "Z"].contains(word.uppercased())
                || word.utf8.count == 5 && "+-".contains(word.first ?? " ")
        {
            index += 1
        }
        return index
    }

    // MARK: Sizes

    /// The last size with a unit in front of a word.
    private func size(before end: Int) -> Build.Size {
        for index in (0..<end).reversed() {
            if let size = size(at: index, isBare: false) { return size }
        }
        return .unknown
    }

    /// The size that begins at a word; nil where none does.
    private func size(at index: Int, isBare: Bool) -> Build.Size? {
        guard let first = word(index), first.first?.isASCIIDigit == true else { return nil }
        let text = first.filter { $0 != "," }
        let digits = text.prefix { $0.isASCIIDigit || $0 == "." }
        let isWhole = !digits.contains(".")
        let next = words.indices.contains(index + 1) ? words[index + 1] : ""
        let unit = (digits.count == text.count ? String(next) : String(text.dropFirst(digits.count))).lowercased()
        if isWhole, ["b", "byte", "bytes"].contains(unit), let bytes = Int64(digits) { return .exact(bytes) }
        if let factor = Self.units[unit] { return Self.rounded(digits, factor) }
        guard isBare, isWhole, digits.count == text.count, let bytes = Int64(digits) else { return nil }
        return .exact(bytes)
    }

    private static let units: [String: Int64] = [
        "k": 1 << 10, "kb": 1 << 10, "kib": 1 << 10, "m": 1 << 20, "mb": 1 << 20, "mib": 1 << 20, "g": 1 << 30,
        "gb": 1 << 30, "gib": 1 << 30, "t": 1 << 40, "tb": 1 << 40, "tib": 1 << 40,
    ]

    /// "1.4" of a unit; nginx prints no tenths. A unit of 1000 is taken for one of 1024: the size is what a file may have at most.
    private static func rounded(_ digits: some StringProtocol, _ unit: Int64) -> Build.Size? {
        guard let number = Double(String(digits)), number >= 0, number < 1e6 else { return nil }
        let decimals = digits.split(separator: ".").dropFirst().first?.count ?? 0
        return .about(
            Int64(number * Double(unit)),
            lastDigit: Int64(Double(unit) / (0..<min(decimals, 6)).reduce(1) { one, _ in one * 10 }))
    }
}
