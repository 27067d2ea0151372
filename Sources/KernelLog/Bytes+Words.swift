import Glibc

/// Looking for words in bytes.
extension ArraySlice<UInt8> {
    /// Where some words are first.
    func firstRange(of words: StaticString) -> Range<Int>? {
        let size = words.utf8CodeUnitCount
        return withUnsafeBytes { bytes in
            guard let base = bytes.baseAddress, size > 0 else { return nil }
            var place = 0
            while bytes.count - place >= size,
                let found = memchr(base + place, Int32(words.utf8Start[0]), bytes.count - place - size + 1)
            {
                place = UnsafeRawPointer(found) - base
                if memcmp(found, words.utf8Start, size) == 0 {
                    return (startIndex + place)..<(startIndex + place + size)
                }
                place += 1
            }
            return nil
        }
    }

    /// Whether it begins with some words.
    func hasPrefix(_ words: StaticString) -> Bool {
        let size = words.utf8CodeUnitCount
        guard count >= size else { return false }
        return withUnsafeBytes { bytes in
            bytes.baseAddress.map { memcmp($0, words.utf8Start, size) == 0 } ?? (size == 0)
        }
    }

    /// Whether it ends with some words.
    func hasSuffix(_ words: StaticString) -> Bool { suffix(words.utf8CodeUnitCount).hasPrefix(words) }

    /// What follows some words that it begins with; nil where it does not.
    func rest(behind words: StaticString) -> ArraySlice<UInt8>? {
        hasPrefix(words) ? self[(startIndex + words.utf8CodeUnitCount)...] : nil
    }

    /// What stands before the first space.
    var firstWord: String { String(decoding: prefix { $0 != UInt8(ascii: " ") && $0 != 9 }, as: UTF8.self) }
}
