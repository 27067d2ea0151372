import DevboxCore

/// Bytes cut into lines; an endless one is an error of whoever sends it.
public struct LineBuffer: Sendable {
    private var bytes: [UInt8] = []
    private let longest: Int

    /// A buffer with nothing in it.
    ///
    /// - Parameter longest: how many bytes a line may have.
    public init(longest: Int = 16 << 20) { self.longest = longest }

    /// Adds bytes and gives back the lines that they completed, without their ends.
    ///
    /// - Throws: `failure`, where a line is too long, complete or not.
    public mutating func add(_ more: some Collection<UInt8>) throws -> [[UInt8]] {
        var lines: [[UInt8]] = []
        for (number, part) in more.split(separator: 10, omittingEmptySubsequences: false).enumerated() {
            // Between two parts there was a line's end.
            if number > 0 {
                lines.append(bytes)
                bytes = []
            }
            bytes += part
            if bytes.count > longest { throw Failure(.failure, "a line of more than \(longest) bytes came") }
        }
        return lines
    }
}
