import HostTools

/// How a command ended, by itself.
public struct CommandResult: Sendable {
    /// Its own status; 128 and the signal for one that a signal ended.
    public let status: Int32
    /// What it wrote to standard output, where that was captured.
    public let output: [UInt8]
    /// What it wrote to standard error, where that was captured.
    public let error: [UInt8]

    /// Whether it ended with 0.
    public var isSuccess: Bool { status == 0 }
    /// Its output as text; bytes that are not UTF-8 are replaced.
    public var text: String { String(decoding: output, as: UTF8.self) }
    /// The line of its standard error that says why it failed; empty where there is none.
    public var complaint: String { ToolReason(String(decoding: error, as: UTF8.self)).line }
}
