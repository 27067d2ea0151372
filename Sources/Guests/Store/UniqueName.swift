enum UniqueName {
    /// Sixteen hexadecimal digits that nothing else is called by.
    static func new() -> String {
        var random = SystemRandomNumberGenerator()
        let number = UInt64.random(in: .min ... .max, using: &random)
        let digits = String(number, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
