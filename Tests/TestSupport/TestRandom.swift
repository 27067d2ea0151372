/// Random numbers that are the same in every run, so that a failure can be had again (SplitMix64).
package struct TestRandom: RandomNumberGenerator {
    private var state: UInt64

    /// - Parameter seed: the start of the sequence.
    package init(seed: UInt64) { state = seed }

    /// The next number.
    package mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var number = state
        number = (number ^ (number >> 30)) &* 0xBF58_476D_1CE4_E5B9
        number = (number ^ (number >> 27)) &* 0x94D0_49BB_1331_11EB
        return number ^ (number >> 31)
    }

    /// Random bytes.
    package mutating func bytes(_ count: Int) -> [UInt8] {
        var words: [UInt64] = []
        for _ in 0..<(count + 7) / 8 { words.append(next()) }
        return words.withUnsafeBytes { Array($0.prefix(count)) }
    }
}

/// Bytes that do not compress to nothing.
package func noise(_ count: Int, seed: UInt64 = 1) -> [UInt8] {
    var random = TestRandom(seed: seed)
    return random.bytes(count)
}
