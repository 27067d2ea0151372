/// The order of kernel versions: runs of digits count as numbers, as in `sort -V`.
public enum VersionOrder {
    /// Whether `left` is newer than `right`.
    public static func isNewer(_ left: String, than right: String) -> Bool {
        let (a, b) = (parts(left), parts(right))
        for (x, y) in zip(a, b) where x != y {
            switch (Int(x), Int(y)) {
            case (let x?, let y?): return x > y
            case (nil, _?): return false
            case (_?, nil): return true
            default: return x > y
            }
        }
        return a.count > b.count
    }

    private static func parts(_ text: String) -> [String] {
        var result: [String] = []
        for character in text where character.isASCII {
            if let last = result.last?.last, last.isNumber == character.isNumber {
                result[result.count - 1].append(character)
            } else {
                result.append(String(character))
            }
        }
        return result
    }
}
