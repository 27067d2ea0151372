import DevboxCore

/// Which fetched packages are to go.
public struct Pruning: Sendable {
    /// Those of builds older than this day.
    public var before: CalendarDay?
    /// All but so many newest builds of each package and architecture.
    public var keep: Int?
    /// The oldest, until all together have no more bytes.
    public var maximumSize: Int64?

    /// Nothing goes.
    public init() {}

    /// What goes of some records, oldest first.
    public func choose(_ records: [PackageRecord]) -> [PackageRecord] {
        let sorted = records.sorted { ($0.date, $0.path) > ($1.date, $1.path) }
        var stays: [PackageRecord] = []
        var goes: [PackageRecord] = []
        var builds: [String: Set<String>] = [:]
        for record in sorted {
            let group = "\(record.architecture.rawValue)/\(record.package)"
            builds[group, default: []].insert("\(record.date)-\(record.packageVersion)-\(record.source)")
            let isOld = before.map { record.date < $0 } ?? false
            let isBeyond = keep.map { (builds[group]?.count ?? 0) > $0 } ?? false
            if isOld || isBeyond { goes.append(record) } else { stays.append(record) }
        }
        if let maximumSize {
            var size = stays.reduce(0) { $0 + $1.size }
            while size > maximumSize, let oldest = stays.popLast() {
                size -= oldest.size
                goes.append(oldest)
            }
        }
        return goes.sorted { ($0.date, $0.path) < ($1.date, $1.path) }
    }
}
