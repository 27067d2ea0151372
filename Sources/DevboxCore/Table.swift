/// Rows under headings, in columns as wide as their content, as `virsh list` and `incus list` print them.
public struct Table: Sendable {
    private let headings: [String]
    private var rows: [[String]] = []

    /// A table of known columns, without rows.
    ///
    /// - Parameter headings: one a column, in capitals.
    public init(_ headings: String...) { self.init(headings) }

    /// A table whose columns depend on what is in it.
    ///
    /// - Parameter headings: one a column, in capitals.
    public init(_ headings: [String]) { self.headings = headings }

    /// Adds a row of as many cells as there are columns; nil is shown as `-`, and what would move the cursor as an escape.
    public mutating func add(_ cells: String?...) { add(cells) }

    /// Adds a row whose cells were counted at run time.
    public mutating func add(_ cells: [String?]) { rows.append(cells.map { Names.printable($0 ?? "-") }) }

    /// Whether it has no row.
    public var isEmpty: Bool { rows.isEmpty }

    /// The table, without spaces at the ends of lines.
    public var text: String {
        let all = [headings] + rows
        let widths = headings.indices.map { column in all.map { $0[column].count }.max() ?? 0 }
        return all.map { row in
            let line = zip(row, widths).map { cell, width in
                cell + String(repeating: " ", count: width - cell.count)
            }.joined(separator: "  ")
            return String(line.reversed().drop { $0 == " " }.reversed())
        }.joined(separator: "\n")
    }
}

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
