import Glibc

/// Cuts what a console printed, or a log, into lines; in portions, or all at once.
///
/// A line ends with LF, CR LF, or with a CR that more follows: a terminal would go back and print over it. Whatever comes, a reader holds
/// no more than the portion that it was given and one line.
public struct LogReader: IteratorProtocol, Sequence, Sendable {
    /// What a line may have, in bytes: the kernel's longest messages, and any command line, have less.
    public static let longestLine = 8192

    private let longest: Int
    private var portion: [UInt8]
    private var at = 0
    /// Where the next LF is in the portion, once it was looked for; its end where there is none.
    private var nextFeed = -1
    /// The front of a line that goes on in the next portion.
    private var begun: [UInt8] = []
    private var isCut = false
    /// Whether the last line ended with a CR, to which an LF may belong.
    private var isAfterReturn = false
    /// Whether nothing stood before that CR: an LF ends an empty line then.
    private var isBlank = false
    private var isFinished: Bool

    /// Reads what comes in portions.
    ///
    /// - Parameter longest: where a line is cut, in bytes.
    public init(longest: Int = longestLine) {
        (self.longest, portion, isFinished) = (longest, [], false)
    }

    /// Reads a whole log.
    ///
    /// - Parameters:
    ///   - log: all of it.
    ///   - longest: where a line is cut, in bytes.
    public init(_ log: [UInt8], longest: Int = longestLine) {
        (self.longest, portion, isFinished) = (longest, log, true)
    }

    /// Takes the next portion; lines of earlier ones that were not asked for yet come first.
    public mutating func feed(_ bytes: [UInt8]) {
        portion = at == portion.count ? bytes : portion[at...] + bytes
        (at, nextFeed) = (0, -1)
    }

    /// There is no next portion: a line that was begun counts as one.
    public mutating func finish() { isFinished = true }

    /// The next line that has ended; nil where there is none so far.
    public mutating func next() -> LogLine? {
        while at < portion.count {
            if isAfterReturn, passReturns() { return line([]) }
            guard at < portion.count else { break }
            let end = lineEnd()
            let chunk = portion[at..<(end ?? portion.count)]
            guard let end else {
                keep(chunk)
                at = portion.count
                break
            }
            at = end + 1
            isAfterReturn = portion[end] == UInt8(ascii: "\r")
            isBlank = isAfterReturn && chunk.isEmpty && begun.isEmpty
            if !isBlank { return line(chunk) }
        }
        guard isFinished, !begun.isEmpty else { return nil }
        return line([])
    }

    /// Passes what still belongs to the end of the last line.
    ///
    /// - Returns: whether it ends an empty line.
    private mutating func passReturns() -> Bool {
        while at < portion.count, portion[at] == UInt8(ascii: "\r") { at += 1 }
        guard at < portion.count else { return false }
        isAfterReturn = false
        guard portion[at] == UInt8(ascii: "\n") else { return false }
        at += 1
        return isBlank
    }

    /// Where the line ends that begins here; nil where it does not in this portion.
    private mutating func lineEnd() -> Int? {
        portion.withUnsafeBytes { bytes in
            if nextFeed < at { nextFeed = Self.find(10, in: bytes, at..<bytes.count) ?? bytes.count }
            return Self.find(13, in: bytes, at..<nextFeed) ?? (nextFeed < bytes.count ? nextFeed : nil)
        }
    }

    private static func find(_ byte: Int32, in bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
        guard let base = bytes.baseAddress, !range.isEmpty else { return nil }
        return memchr(base + range.lowerBound, byte, range.count).map { UnsafeRawPointer($0) - base }
    }

    private mutating func keep(_ chunk: ArraySlice<UInt8>) {
        let room = longest - begun.count
        if chunk.count > room { isCut = true }
        begun += chunk.prefix(room)
    }

    private mutating func line(_ chunk: ArraySlice<UInt8>) -> LogLine {
        var (bytes, isCut) = (chunk.prefix(longest), chunk.count > longest)
        if !begun.isEmpty {
            keep(chunk)
            (bytes, isCut) = (begun[...], self.isCut)
            (begun, self.isCut) = ([], false)
        }
        return LogLine(
            bytes.withUnsafeBytes(TerminalText.isPlain) ? bytes : TerminalText.plain(bytes)[...], isCut: isCut)
    }
}
