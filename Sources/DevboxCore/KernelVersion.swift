/// A kernel's version, as `uname -r` or a tag of its tree says it: "6.12.0-rc1", "6.1.0-47-amd64", "v6.12-rc1-34-gabcdef0".
///
/// The order is that of release: numbers count by their value, whatever their length; a candidate (`rc1`) and what stands behind a
/// tilde come before the release, all else that is added comes after it; "6.12" and "6.12.0" are one release. Two versions are the
/// same only where their whole texts are. Any text has a place in this order, so that versions of other things can be sorted too.
public struct KernelVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// The text, whole.
    public let description: String

    /// - Parameter text: as `uname -r` says it, or a tag with its "v".
    public init(_ text: some StringProtocol) { description = String(text) }

    /// Whether `left` is the older one.
    public static func < (left: KernelVersion, right: KernelVersion) -> Bool {
        var (one, other) = (Parts(left.description), Parts(right.description))
        while one.isInRelease || other.isInRelease {
            let (number, second) = (one.releaseNumber() ?? [], other.releaseNumber() ?? [])
            if isLess(number, second) { return true }
            if isLess(second, number) { return false }
        }
        while true {
            let (part, second) = (one.next(), other.next())
            if part.kind != second.kind { return part.kind.rawValue < second.kind.rawValue }
            switch part.kind {
            // What differs in separators or leading zeros only has an order too, so that a sorted list is always the same.
            case .end: return left.description < right.description
            case .number:
                if isLess(part.text, second.text) { return true }
                if isLess(second.text, part.text) { return false }
            case .tilde, .candidate: continue
            case .word where part.text != second.text: return part.text.lexicographicallyPrecedes(second.text)
            case .word: continue
            }
        }
    }

    /// Numbers without leading zeros: the longer is the greater.
    private static func isLess(_ left: ArraySlice<UInt8>, _ right: ArraySlice<UInt8>) -> Bool {
        left.count != right.count ? left.count < right.count : left.lexicographicallyPrecedes(right)
    }
}

/// Takes a version apart, from its front.
private struct Parts {
    /// In their order: what only one of two versions has decides by whether it comes before or behind the end.
    enum Kind: Int {
        case tilde, candidate, end, word, number
    }

    private var rest: ArraySlice<UInt8>
    /// Whether the numbers of the release, "6.12.0", are not passed yet.
    private(set) var isInRelease: Bool

    init(_ text: String) {
        rest = Array(text.utf8)[...]
        if rest.first == UInt8(ascii: "v"), rest.dropFirst().first.map(Self.isDigit) == true { rest.removeFirst() }
        isInRelease = rest.first.map(Self.isDigit) == true
    }

    /// The next number of the release, without leading zeros; nil where it has no more, which counts as zero.
    mutating func releaseNumber() -> ArraySlice<UInt8>? {
        guard isInRelease else { return nil }
        let number = take(Self.isDigit)
        isInRelease = rest.first == UInt8(ascii: ".") && rest.dropFirst().first.map(Self.isDigit) == true
        if isInRelease { rest.removeFirst() }
        return number.drop { $0 == UInt8(ascii: "0") }
    }

    /// The next run of digits or of letters, or what there is instead.
    mutating func next() -> (kind: Kind, text: ArraySlice<UInt8>) {
        while let byte = rest.first {
            if Self.isDigit(byte) { return (.number, take(Self.isDigit).drop { $0 == UInt8(ascii: "0") }) }
            if Self.isLetter(byte) {
                let word = take(Self.isLetter)
                let isCandidate = word.elementsEqual("rc".utf8) && rest.first.map(Self.isDigit) == true
                return (isCandidate ? .candidate : .word, word)
            }
            rest.removeFirst()
            // "6.12~rc1" is "6.12-rc1".
            let isCandidate = rest.starts(with: "rc".utf8) && rest.dropFirst(2).first.map(Self.isDigit) == true
            if byte == UInt8(ascii: "~"), !isCandidate { return (.tilde, []) }
        }
        return (.end, [])
    }

    private mutating func take(_ isWanted: (UInt8) -> Bool) -> ArraySlice<UInt8> {
        let part = rest.prefix(while: isWanted)
        rest = rest[part.endIndex...]
        return part
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isLetter(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) || byte >= 0x80
    }
}
