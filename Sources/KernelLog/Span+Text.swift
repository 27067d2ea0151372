import Glibc

/// Whether a byte is a digit.
func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

/// Whether a byte is an ASCII letter.
func isLetter(_ byte: UInt8) -> Bool { (byte | 0x20) &- UInt8(ascii: "a") < 26 }

/// Reading text out of bytes. Behind the end there are zeros.
extension Span<UInt8> {
    func byte(_ place: Int) -> UInt8 { place < count ? self[place] : 0 }

    /// Where a byte is first, before the end and before `end`.
    func firstIndex(of byte: UInt8, from start: Int, to end: Int) -> Int? {
        withUnsafeBytes { bytes in
            let end = Swift.min(end, bytes.count)
            guard let base = bytes.baseAddress, start < end else { return nil }
            return memchr(base + start, Int32(byte), end - start).map { UnsafeRawPointer($0) - base }
        }
    }

    /// Passes a decimal number; nil where there is none, or one of more digits than `longest`.
    func number(_ place: inout Int, longest: Int) -> Int? {
        let start = place
        var value = 0
        while isDigit(byte(place)) {
            guard place - start < longest else { return nil }
            value = value * 10 + Int(self[place] - UInt8(ascii: "0"))
            place += 1
        }
        return place > start ? value : nil
    }

    /// Passes so many digits; nil where there are fewer.
    func number(_ place: inout Int, digits: Int) -> Int? {
        var value = 0
        for index in place..<(place + digits) {
            guard isDigit(byte(index)) else { return nil }
            value = value * 10 + Int(self[index] - UInt8(ascii: "0"))
        }
        place += digits
        return value
    }

    /// Whether a text stands there; its own letters are small, those of the line may be capital ones.
    func has(_ text: StaticString, at place: Int) -> Bool {
        let size = text.utf8CodeUnitCount
        guard place >= 0, place + size <= count else { return false }
        return text.withUTF8Buffer { wanted in
            for index in 0..<size {
                let byte = self[place + index]
                guard wanted[index] == (isLetter(byte) ? byte | 0x20 : byte) else { return false }
            }
            return true
        }
    }

    /// Whether a range holds a text and nothing else.
    func has(_ text: StaticString, in range: Range<Int>) -> Bool {
        range.count == text.utf8CodeUnitCount && has(text, at: range.lowerBound)
    }

    /// Passes a short word of letters and digits, and the spaces behind it.
    func paddedWord(_ place: inout Int) -> Range<Int> {
        let start = place
        while place - start < 9, isLetter(byte(place)) || isDigit(byte(place)) { place += 1 }
        let word = start..<place
        while byte(place) == UInt8(ascii: " ") { place += 1 }
        return word
    }

    /// Passes the name of a host and the space behind it; where there is none, nothing is passed.
    func hostName(_ place: inout Int) -> Bool {
        var end = place
        while end - place < 255 {
            let byte = byte(end)
            guard
                isLetter(byte) || isDigit(byte) || byte == UInt8(ascii: "-") || byte == UInt8(ascii: ".")
                    || byte == UInt8(ascii: "_")
            else { break }
            end += 1
        }
        guard end > place, byte(end) == UInt8(ascii: " ") else { return false }
        place = end + 1
        return true
    }

    /// The name of a program, its pid and the colon: "kernel:", "systemd[1]:"; nil where there is none.
    func tag(_ place: Int) -> Range<Int>? {
        let first = byte(place)
        guard isLetter(first) || first == UInt8(ascii: "(") || first == UInt8(ascii: "/") || first == UInt8(ascii: "_")
        else { return nil }
        if has("kernel:", at: place) { return place..<(place + 7) }
        var end = place
        while end - place < 64, end < count, self[end] > 0x20 { end += 1 }
        guard self[end - 1] == UInt8(ascii: ":"), end == count || self[end] == UInt8(ascii: " ") else { return nil }
        return place..<end
    }
}
