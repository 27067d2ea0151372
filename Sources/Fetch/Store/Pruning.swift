import DevboxCore

/// Which fetched packages are to go.
public struct Pruning: Sendable {
    /// Those of builds older than this day.
    public var before: CalendarDay?
    /// All but so many newest builds of each package and architecture.
    public var keep: Int?
    /// The oldest, until all together have no more bytes.
    public var maximumSize: Int64?

    /// A choice by which nothing goes, until one of its properties is set.
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

extension PackageStore {
    /// Removes what a rule lets go, oldest first.
    ///
    /// - Parameters:
    ///   - records: those that the rule is asked of.
    ///   - onlyTell: whether nothing is removed.
    ///   - gone: is told of each that was removed, or would be.
    /// - Returns: what goes.
    @discardableResult
    public func prune(
        _ records: [PackageRecord], by rule: Pruning, onlyTell: Bool = false, gone: (PackageRecord) -> Void = { _ in }
    ) throws -> [PackageRecord] {
        let goes = rule.choose(records)
        for record in goes {
            if !onlyTell { try remove(record) }
            gone(record)
        }
        return goes
    }
}
