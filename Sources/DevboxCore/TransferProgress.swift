/// How far a transfer is.
public struct TransferProgress: Sendable, Equatable {
    /// The file's name.
    public let name: String
    /// Bytes that are there.
    public let received: Int64
    /// Bytes that there are to be; nil where that is not known.
    public let total: Int64?

    /// A transfer of which `received` of `total` bytes are there.
    public init(name: String, received: Int64, total: Int64?) {
        (self.name, self.received, self.total) = (name, received, total)
    }
}
