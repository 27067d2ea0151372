/// What of a cache is kept; nil is no bound.
public struct CacheBounds: Sendable {
    /// So many entries.
    public var count: Int?
    /// So many bytes on the disk, all entries together.
    public var bytes: Int64?
    /// What was used within this time.
    public var age: Duration?

    /// All parameters are the properties of their names.
    public init(count: Int? = nil, bytes: Int64? = nil, age: Duration? = nil) {
        (self.count, self.bytes, self.age) = (count, bytes, age)
    }
}
