import DevboxCore

/// A record of something that a store keeps: where it lies, and what it must be.
public protocol StoredRecord: Record {
    /// The store that it is in.
    static var store: StoreName { get }
    /// The names on the way from the store's folder to the entry, the entry's own last: as many as the store is deep.
    var place: [String] { get }
    /// The file that the entry is known by.
    var content: StoredContent { get }
}

/// What the file that an entry is known by must be.
public struct StoredContent: Sendable, Equatable {
    /// Its name in the entry's folder; nil where the entry is the file.
    public var name: String?
    /// In bytes.
    public var size: Int64
    /// Nil where it was not computed.
    public var sha256: SHA256Digest?

    /// - Parameters:
    ///   - name: in the entry's folder; nil where the entry is the file.
    ///   - size: in bytes.
    ///   - sha256: nil where it was not computed.
    public init(_ name: String? = nil, size: Int64, sha256: SHA256Digest?) {
        (self.name, self.size, self.sha256) = (name, size, sha256)
    }
}
