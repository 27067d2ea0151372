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
        let all = ([headings] + rows).map { row in row.map { (text: $0, width: $0.count) } }
        let widths = headings.indices.map { column in all.map { $0[column].width }.max() ?? 0 }
        return all.map { row in
            let line = zip(row, widths).map { cell, width in
                cell.text + String(repeating: " ", count: width - cell.width)
            }.joined(separator: "  ")
            // As bytes: a table may have a thousand rows, and characters are dear.
            let end = line.utf8.lastIndex { $0 != UInt8(ascii: " ") }.map(line.utf8.index(after:))
            return String(line[..<(end ?? line.startIndex)])
        }.joined(separator: "\n")
    }
}
