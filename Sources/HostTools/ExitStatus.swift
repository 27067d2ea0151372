/// How a process ended.
public enum ExitStatus: Sendable, Equatable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)

    /// Whether it ended with status 0.
    public var isSuccess: Bool { self == .exited(0) }

    /// The status as a shell reports it: 128 and the signal's number for a process that a signal ended.
    public var shellStatus: Int32 {
        switch self {
        case .exited(let status): status
        case .signalled(let signal): 128 + signal
        }
    }

    /// The end as a sentence's predicate, for messages.
    public var description: String {
        switch self {
        case .exited(let status): "failed with status \(status)"
        case .signalled(let signal): "was ended by signal \(signal)"
        }
    }
}
