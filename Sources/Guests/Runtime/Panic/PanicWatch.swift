import DevboxCore

/// Hears of a panic of a guest's kernel while something else is waited for.
struct PanicWatch: ~Copyable {
    private var connection: GuestConnection?
    private var line: String?

    /// Begins to listen. A container's kernel is the host's: there is nothing to hear.
    init(_ guest: RunningGuest) {
        guard guest.state.mode == .kvm, var connection = try? guest.connect(),
            let condition = try? connection.follow()
        else { return }
        line = condition.panic
        descriptor = connection.descriptor
        self.connection = consume connection
    }

    /// Readable when there may be something to hear; -1 where there will be nothing.
    private(set) var descriptor: Int32 = -1

    /// The panic's line on the console; nil where there was none so far. Waits for nothing.
    mutating func heard() throws -> String? {
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
