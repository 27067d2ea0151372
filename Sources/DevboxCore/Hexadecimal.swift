/// Digests as text: hexadecimal digits in either case.
enum Hexadecimal {
    /// The digits in small letters; nil where the text is not that many digits.
    static func digits(_ text: some Collection<UInt8>, count: Int) -> String? {
        guard text.count == count else { return nil }
        var digits: [UInt8] = []
        digits.reserveCapacity(count)
        for byte in text {
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"): digits.append(byte)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): digits.append(byte | 0x20)
            default: return nil
            }
        }
        return String(decoding: digits, as: UTF8.self)
    }

    /// The digits of bytes.
    static func text(_ bytes: some Sequence<UInt8>, count: Int) -> String {
        func digit(_ value: UInt8) -> UInt8 { value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10 }
        return String(unsafeUninitializedCapacity: 2 * count) { digits in
            for (index, byte) in bytes.enumerated().prefix(count) {
                digits[2 * index] = digit(byte >> 4)
                digits[2 * index + 1] = digit(byte & 15)
            }
            return 2 * count
        }
    }
}
