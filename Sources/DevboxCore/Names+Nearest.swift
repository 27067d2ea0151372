extension Names {
    /// The one of some names that was probably meant by a word that is none of them: one that begins with it, or is spelt nearly so.
    ///
    /// - Parameters:
    ///   - word: what was written.
    ///   - names: what it could be.
    /// - Returns: nil where none is near.
    public static func nearest(to word: String, among names: [String]) -> String? {
        let near = names.map { (distance: $0.hasPrefix(word) ? 0 : distance($0, word), name: $0) }
            .min { $0.distance < $1.distance }
        return near.flatMap { $0.distance <= max(1, word.count / 3) ? $0.name : nil }
    }

    /// How many letters have to be put in, taken out, replaced, or swapped with their neighbour.
    static func distance(_ one: String, _ other: String) -> Int {
        let (one, other) = (Array(one), Array(other))
        var rows = [Array(0...other.count)]
        for (i, left) in one.enumerated() {
            var row = [i + 1]
            for (j, right) in other.enumerated() {
                var best = min(rows[i][j] + (left == right ? 0 : 1), rows[i][j + 1] + 1, row[j] + 1)
                if i > 0, j > 0, left == other[j - 1], one[i - 1] == right { best = min(best, rows[i - 1][j - 1] + 1) }
                row.append(best)
            }
            rows.append(row)
        }
        return rows[one.count][other.count]
    }
}
