/// A line of a kernel's log, taken apart: what stands in front of the message, and the message.
///
/// It shares its bytes with what it was read from; nothing is copied or turned into a `String` before somebody asks for one.
public struct LogLine: Sendable {
    /// The whole line, without its end and without what a terminal obeys. Not always UTF-8.
    public let bytes: ArraySlice<UInt8>
    /// What stands in front of the message.
    public let prefix: LinePrefix
    /// Whether the line was longer than its reader takes: the rest is lost.
    public let isCut: Bool

    /// - Parameters:
    ///   - bytes: the line without its end, as `LogReader` cleans it.
    ///   - isCut: whether more belonged to it.
    public init(_ bytes: ArraySlice<UInt8>, isCut: Bool = false) {
        self.bytes = bytes
        self.isCut = isCut
        prefix = PrefixParser.parse(bytes.span)
    }

    /// - Parameter line: a line without its end.
    public init(_ line: some StringProtocol) { self.init(Array(line.utf8)[...]) }

    /// The message: what follows the prefix, with the spaces that indent it.
    public var text: ArraySlice<UInt8> { bytes[(bytes.startIndex + prefix.end)...] }

    /// What somebody else printed into the same line before the kernel's prefix; mostly empty.
    public var lead: ArraySlice<UInt8> { bytes[..<(bytes.startIndex + prefix.start)] }

    /// The message as text; what is no UTF-8 in it is replaced.
    public var message: String { String(decoding: text, as: UTF8.self) }

    /// The whole line as text; what is no UTF-8 in it is replaced.
    public var whole: String { String(decoding: bytes, as: UTF8.self) }

    /// A second message in the same line, with a prefix of its own, where the end of the first one's line was lost.
    public var second: LogLine? {
        let text = text
        guard prefix.source == .kernel, let start = PrefixParser.findStamp(text.span) else { return nil }
        return LogLine(text[(text.startIndex + start)...], isCut: isCut)
    }
}

/// What stands in front of a message, as one of the many programs that hand out the kernel's log writes it.
public struct LinePrefix: Sendable, Equatable {
    /// How it is written.
    public enum Style: UInt8, Sendable {
        /// There is none.
        case none
        /// `<6>` alone.
        case level
        /// `[   12.345678]` of the kernel itself, dmesg and pstore, with or without a level and a caller; of journalctl short-monotonic.
        case printk
        /// A time of day alone: `[Sat Nov 28 04:55:21 2026]` of dmesg -T, ISO times of dmesg and of test farms.
        case clock
        /// A time of day, a host's name and a program's: RFC 3164, rsyslog with ISO times, journalctl short and short-iso.
        case syslog
        /// `6,1234,5678,-;` of /dev/kmsg.
        case record
    }

    /// Whose message it is, as far as the prefix says so.
    public enum Source: UInt8, Sendable {
        /// A line without a prefix, or with a time of day only.
        case unknown
        case kernel
        /// Another program: syslog and the journal hold theirs too.
        case program
    }

    /// How it is written.
    public internal(set) var style = Style.none
    /// Whose message it is.
    public internal(set) var source = Source.unknown
    /// Microseconds since the kernel booted; nil where it does not say.
    public internal(set) var sinceBoot: Int64?
    /// The time of day; nil where it does not say.
    public internal(set) var clock: WallTime?
    /// The task that printed it (CONFIG_PRINTK_CALLER); nil where it does not say.
    public internal(set) var task: Int32?
    /// The processor that printed it in an interrupt; nil where it does not say.
    public internal(set) var cpu: Int32?
    /// How bad it is; nil where it does not say.
    public internal(set) var level: LogLevel?
    /// Whose it is, as in syslog(3), where 0 is the kernel; nil where it does not say.
    public internal(set) var facility: UInt8?
    /// Where it begins in the line, in bytes.
    public internal(set) var start = 0
    /// Where the message begins in the line, in bytes.
    public internal(set) var end = 0
}

/// How bad a message is. Source: include/linux/kern_levels.h.
public enum LogLevel: UInt8, Sendable, Comparable {
    case emergency, alert, critical, error, warning, notice, info, debug

    /// Whether `left` is the worse one.
    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }
}
