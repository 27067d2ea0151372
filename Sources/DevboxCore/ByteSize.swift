/// Sizes in bytes as people write them, and back.
public enum ByteSize {
    private static let units: [(letter: Character, bytes: Int64)] = [
        ("T", 1 << 40), ("G", 1 << 30), ("M", 1 << 20), ("K", 1 << 10),
    ]

    /// "4G", "512M", "1.5G": at most one digit behind the point.
    public static func text(_ bytes: Int64) -> String {
        for (letter, size) in units where bytes >= size {
            // Whatever a server or a guest claims, this does not overflow.
            let tenths = bytes / size * 10 + (bytes % size * 10 + size / 2) / size
            return tenths % 10 == 0 || tenths >= 1000
                ? "\((tenths + 5) / 10)\(letter)" : "\(tenths / 10).\(tenths % 10)\(letter)"
        }
        return "\(bytes)B"
    }

    /// The bytes of "4G", "512M", "1024K" or "4096"; nil for anything else. Units are powers of 1024, as QEMU's are.
    public static func parse(_ text: String) -> Int64? {
        var digits = Substring(text.uppercased())
        if digits.hasSuffix("IB") {
            digits = digits.dropLast(2)
        } else if digits.hasSuffix("B") {
            digits = digits.dropLast()
        }
        var unit: Int64 = 1
        if let last = digits.last, let found = units.first(where: { $0.letter == last }) {
            unit = found.bytes
            digits = digits.dropLast()
        }
        guard let number = Int64(digits), number >= 0 else { return nil }
        let (result, overflow) = number.multipliedReportingOverflow(by: unit)
        return overflow ? nil : result
    }
}
