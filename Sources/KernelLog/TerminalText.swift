/// What a console printed, without what a terminal makes of it.
public enum TerminalText {
    /// A line without control characters other than tabs, and without the escape sequences of terminals: CSI, OSC and the like, and those
    /// of two and three characters (ECMA-48). A sequence that does not end is cut off with the line.
    public static func plain(_ line: ArraySlice<UInt8>) -> [UInt8] {
        enum State { case text, escape, control, string, one }
        var state = State.text
        var result: [UInt8] = []
        result.reserveCapacity(line.count)
        for byte in line {
            if byte == escape {
                state = .escape
                continue
            }
            switch state {
            case .text where byte >= 0x20 || byte == tab: result.append(byte)
            case .text: break
            case .escape:
                switch byte {
                case UInt8(ascii: "["): state = .control
                case UInt8(ascii: "]"), UInt8(ascii: "P"), UInt8(ascii: "X"), UInt8(ascii: "^"), UInt8(ascii: "_"):
                    state = .string
                case UInt8(ascii: "("), UInt8(ascii: ")"), UInt8(ascii: "*"), UInt8(ascii: "+"), UInt8(ascii: "#"),
                    UInt8(ascii: " "), UInt8(ascii: "%"):
                    state = .one
                default: state = .text
                }
            case .control where (0x40...0x7E).contains(byte): state = .text
            case .string where byte == 7: state = .text
            case .control, .string: break
            case .one: state = .text
            }
        }
        return result
    }

    /// Whether a line has nothing that `plain` would take away.
    static func isPlain(_ line: UnsafeRawBufferPointer) -> Bool {
        let ones: UInt64 = 0x0101_0101_0101_0101
        var place = 0
        while place + 8 <= line.count {
            let word = line.loadUnaligned(fromByteOffset: place, as: UInt64.self)
            // Eight at once: whether one is less than 0x20. A tab is, and is looked at by itself.
            if (word &- (ones &* 0x20)) & ~word & (ones &* 0x80) != 0, !isPlainBytes(line[place..<(place + 8)]) {
                return false
            }
            place += 8
        }
        return isPlainBytes(line[place...])
    }

    private static func isPlainBytes(_ bytes: Slice<UnsafeRawBufferPointer>) -> Bool {
        bytes.allSatisfy { $0 >= 0x20 || $0 == tab }
    }

    private static let escape: UInt8 = 0x1B
    private static let tab: UInt8 = 9
}
