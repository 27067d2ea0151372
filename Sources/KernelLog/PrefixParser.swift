/// Reads what stands in front of a message. Each byte in front of it is looked at a few times at most, and none is copied.
///
/// The kernel's own prefix is that of print_prefix() in kernel/printk/printk.c; the others are those of dmesg(1), journalctl(1), rsyslog and
/// the kernel's Documentation/ABI/testing/dev-kmsg.
struct PrefixParser {
    private var prefix = LinePrefix()
    var at = 0

    /// How far into a line a prefix may begin that something else was printed in front of.
    private static let longestLead = 512

    static func parse(_ line: Span<UInt8>) -> LinePrefix {
        var parser = PrefixParser()
        if !parser.readFront(line), let start = findStamp(line) {
            parser.prefix.start = start
            parser.at = start
            _ = parser.readFront(line)
        }
        parser.prefix.end = min(parser.at, line.count)
        return parser.prefix
    }

    /// Where the first `[   12.345678]` is, with its level; nil where there is none near the front. Six decimals are the kernel's.
    static func findStamp(_ line: Span<UInt8>) -> Int? {
        var parser = PrefixParser()
        while let place = line.firstIndex(of: UInt8(ascii: "["), from: parser.at, to: longestLead) {
            parser.at = place
            guard parser.readTime(line) == 6 else {
                parser.at = place + 1
                continue
            }
            let hasLevel = place >= 3 && line[place - 1] == UInt8(ascii: ">") && line[place - 3] == UInt8(ascii: "<")
            return hasLevel ? place - 3 : place
        }
        return nil
    }

    /// Whether a prefix stands here.
    private mutating func readFront(_ line: Span<UInt8>) -> Bool {
        let first = line.byte(at)
        if first == UInt8(ascii: "["), readStamp(line) { return true }
        if first == UInt8(ascii: "<"), readPriority(line) {
            prefix.style = .level
            _ = readStamp(line) || readHeader(line)
            return true
        }
        if isDigit(first), readRecord(line) { return true }
        return readHeader(line) || readNames(line)
    }
}

// The kernel's own prefix.
extension PrefixParser {
    /// `<6>`, `<30>`: facility times eight and level.
    private mutating func readPriority(_ line: Span<UInt8>) -> Bool {
        var place = at + 1
        guard let value = line.number(&place, longest: 3), value < 192, line.byte(place) == UInt8(ascii: ">") else {
            return false
        }
        at = place + 1
        note(priority: value)
        return true
    }

    private mutating func note(priority: Int) {
        prefix.level = LogLevel(rawValue: UInt8(priority & 7))
        prefix.facility = UInt8(truncatingIfNeeded: priority >> 3)
        prefix.source = prefix.facility == 0 ? .kernel : .program
    }

    /// `[   12.345678]`, `[    T123]`, both, `[Sat Nov 28 04:55:21 2026]` and `[Nov28 04:55]`, and the space behind.
    private mutating func readStamp(_ line: Span<UInt8>) -> Bool {
        guard line.byte(at) == UInt8(ascii: "[") else { return false }
        if readTime(line) != nil || readCaller(line) {
            prefix.style = .printk
        } else if readClock(line) {
            prefix.style = .clock
        } else {
            return false
        }
        let gap = at
        if line.byte(at) == UInt8(ascii: " ") { at += 1 }
        if !readCaller(line) { at = gap }
        if prefix.source == .unknown { prefix.source = .kernel }
        if line.byte(at) == UInt8(ascii: " ") { at += 1 }
        if prefix.style == .printk { readJournalHost(line) }
        return true
    }

    /// `[   12.345678]`, and `[   12.345678 <    0.000012>]` of dmesg -d. Where there is none, nothing is passed.
    ///
    /// - Returns: how many decimals it has.
    private mutating func readTime(_ line: Span<UInt8>) -> Int? {
        var place = at + 1
        while line.byte(place) == UInt8(ascii: " ") { place += 1 }
        guard let seconds = line.number(&place, longest: 11), line.byte(place) == UInt8(ascii: ".") else { return nil }
        place += 1
        let start = place
        guard let fraction = line.number(&place, longest: 9) else { return nil }
        let decimals = place - start
        if line.byte(place) == UInt8(ascii: " "), line.byte(place + 1) == UInt8(ascii: "<") {
            place += 2
            while line.byte(place) == UInt8(ascii: " ") { place += 1 }
            guard line.number(&place, longest: 11) != nil, line.byte(place) == UInt8(ascii: ".") else { return nil }
            place += 1
            guard line.number(&place, longest: 9) != nil, line.byte(place) == UInt8(ascii: ">") else { return nil }
            place += 1
        }
        guard line.byte(place) == UInt8(ascii: "]") else { return nil }
        at = place + 1
        prefix.sinceBoot = Int64(seconds) * 1_000_000 + Int64(microseconds(fraction, decimals: decimals))
        return decimals
    }

    /// `[    T123]`, `[    C1]`, `[T123@C1]`. Where there is none, nothing is passed.
    private mutating func readCaller(_ line: Span<UInt8>) -> Bool {
        guard line.byte(at) == UInt8(ascii: "[") else { return false }
        var place = at + 1
        while line.byte(place) == UInt8(ascii: " ") { place += 1 }
        guard let caller = readCallerName(line, &place), line.byte(place) == UInt8(ascii: "]") else { return false }
        at = place + 1
        (prefix.task, prefix.cpu) = caller
        return true
    }

    private func readCallerName(_ line: Span<UInt8>, _ place: inout Int) -> (task: Int32?, cpu: Int32?)? {
        var (task, cpu): (Int32?, Int32?)
        while true {
            let kind = line.byte(place)
            place += 1
            guard let number = line.number(&place, longest: 9) else { return nil }
            switch kind {
            case UInt8(ascii: "T") where task == nil: task = Int32(number)
            case UInt8(ascii: "C") where cpu == nil: cpu = Int32(number)
            default: return nil
            }
            guard line.byte(place) == UInt8(ascii: "@") else { return (task, cpu) }
            place += 1
        }
    }

    /// `[Sat Nov 28 04:55:21 2026]` of dmesg -T; `[Nov28 04:55]` and `[  +0.000012]` of dmesg -H.
    private mutating func readClock(_ line: Span<UInt8>) -> Bool {
        var place = at + 1
        let clock = WallTime.read(line, &place) ?? WallTime.readBrief(line, &place)
        if clock == nil {
            while line.byte(place) == UInt8(ascii: " ") { place += 1 }
            guard line.byte(place) == UInt8(ascii: "+") else { return false }
            place += 1
            guard line.number(&place, longest: 9) != nil, line.byte(place) == UInt8(ascii: ".") else { return false }
            place += 1
            guard line.number(&place, longest: 6) != nil else { return false }
        }
        guard line.byte(place) == UInt8(ascii: "]") else { return false }
        at = place + 1
        prefix.clock = clock
        return true
    }

    /// "host kernel: " of journalctl short-monotonic, which has the kernel's own form in front.
    private mutating func readJournalHost(_ line: Span<UInt8>) {
        var place = at
        guard line.hostName(&place), line.has("kernel: ", at: place) else { return }
        at = place + 8
    }

    /// `6,1234,5678,-;` and `6,1234,5678,-,caller=T123;` of /dev/kmsg: priority, number, microseconds, flags.
    private mutating func readRecord(_ line: Span<UInt8>) -> Bool {
        var place = at
        let comma = UInt8(ascii: ",")
        guard let priority = line.number(&place, longest: 4), line.byte(place) == comma else { return false }
        place += 1
        guard line.number(&place, longest: 18) != nil, line.byte(place) == comma else { return false }
        place += 1
        guard let time = line.number(&place, longest: 18), line.byte(place) == comma else { return false }
        var caller: (task: Int32?, cpu: Int32?)?
        // Fields may be added to it.
        let end = min(line.count, place + 256)
        while place < end, line.byte(place) != UInt8(ascii: ";") {
            place += 1
            if line.has("caller=", at: place) {
                place += 7
                caller = readCallerName(line, &place) ?? caller
            }
        }
        guard line.byte(place) == UInt8(ascii: ";") else { return false }
        at = place + 1
        prefix.style = .record
        prefix.source = .kernel
        prefix.sinceBoot = Int64(time)
        note(priority: priority)
        if let caller { (prefix.task, prefix.cpu) = caller }
        return true
    }
}

// What other programs put in front.
extension PrefixParser {
    /// A time of day, and the names of the host and of the program behind it.
    private mutating func readHeader(_ line: Span<UInt8>) -> Bool {
        var place = at
        guard let clock = WallTime.read(line, &place), line.byte(place) == UInt8(ascii: " ") else { return false }
        // dmesg writes a comma before the decimals, and no host behind; a date with slashes is of a test program's own log.
        let hasHost = line.byte(at + 19) != UInt8(ascii: ",") && line.byte(at + 4) != UInt8(ascii: "/")
        place += 1
        at = place
        prefix.clock = clock
        prefix.style = .clock
        if readStamp(line) { return true }
        guard hasHost, line.hostName(&place) else { return true }
        // rsyslog can be told to say "kern.warn" there.
        var named = PrefixParser()
        named.at = place
        let hasNames = named.readPair(line, separator: UInt8(ascii: "."))
        if hasNames { place = named.at }
        guard let tag = line.tag(place) else { return true }
        if hasNames { (prefix.level, prefix.facility) = (named.prefix.level, named.prefix.facility) }
        prefix.style = .syslog
        at = tag.upperBound
        if line.byte(at) == UInt8(ascii: " ") { at += 1 }
        guard line.has("kernel:", at: place) else {
            prefix.source = .program
            return true
        }
        prefix.source = .kernel
        if readStamp(line) { prefix.style = .syslog }
        return true
    }

    /// `kern  :warn  : ` of dmesg -x, and the time behind it.
    private mutating func readNames(_ line: Span<UInt8>) -> Bool {
        var parser = PrefixParser()
        parser.at = at
        guard parser.readPair(line, separator: UInt8(ascii: ":")), line.has(": ", at: parser.at) else { return false }
        at = parser.at + 2
        prefix = parser.prefix
        prefix.source = prefix.facility == 0 ? .kernel : .program
        prefix.style = .level
        _ = readStamp(line) || readHeader(line)
        return true
    }

    /// The names of a facility and a level, padded with spaces.
    private mutating func readPair(_ line: Span<UInt8>, separator: UInt8) -> Bool {
        var place = at
        let first = line.paddedWord(&place)
        // Nearly every line ends here.
        guard line.byte(place) == separator, !first.isEmpty else { return false }
        place += 1
        let second = line.paddedWord(&place)
        guard let facility = Self.facilities.firstIndex(where: { line.has($0, in: first) }),
            let level = Self.levels.firstIndex(where: { line.has($0, in: second) })
        else { return false }
        at = place
        prefix.facility = UInt8(facility)
        // The last two are other names of theirs.
        prefix.level = LogLevel(rawValue: UInt8(level < 8 ? level : level - 5))
        return true
    }

    /// As util-linux's dmesg and syslog(3) name them.
    private static let facilities: [StaticString] = [
        "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv", "ftp", "res0",
        "res1", "res2", "res3", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7",
    ]
    private static let levels: [StaticString] = [
        "emerg", "alert", "crit", "err", "warn", "notice", "info", "debug", "error", "warning",
    ]
}
