import DevboxCore

/// What is heard of a guest's kernel while something else is waited for: whether it panicked.
public struct KernelEvents: ~Copyable {
    private var connection: GuestConnection?
    private var line: String?

    /// Of a kernel that nothing will be heard of.
    public init() {}

    /// Begins to listen. A container's kernel is the host's: there is nothing to hear.
    public init(_ guest: RunningGuest) {
        guard guest.state.mode == .kvm, var connection = try? guest.connect(),
            let condition = try? connection.follow()
        else { return }
        line = condition.panic
        descriptor = connection.descriptor
        self.connection = consume connection
    }

    /// Readable when there may be something to hear; -1 where there will be nothing.
    public private(set) var descriptor: Int32 = -1

    /// The panic's line on the console; nil where there was none so far. Waits for nothing.
    public mutating func heard() throws -> String? {
        while line == nil, let answer = try connection?.next(until: .now) {
            if case .event(.panicked(let text)) = answer { line = text }
        }
        // The guest has ended; what was waited for will find out by itself.
        if connection?.hasEnded == true {
            connection = nil
            descriptor = -1
        }
        return line
    }
}
