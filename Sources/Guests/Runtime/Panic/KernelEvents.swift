import DevboxCore

/// What is heard of a guest's kernel while something else is waited for: whether it panicked, or cannot go on.
public struct KernelEvents: ~Copyable {
    private var connection: GuestConnection?
    private var line: String?
    private var folder = ""
    private var isOutOfSpace = false

    /// Of a kernel that nothing will be heard of.
    public init() {}

    /// Begins to listen. A container's kernel is the host's: there is nothing to hear.
    public init(_ guest: RunningGuest) {
        if guest.state.mode == .kvm { self.init(guest.files) } else { self.init() }
    }

    /// Begins to listen to a machine's supervisor.
    package init(_ files: GuestFiles) {
        guard var connection = try? GuestConnection(files), let condition = try? connection.follow() else { return }
        folder = files.path.string
        (line, isOutOfSpace) = (condition.panic, condition.isOutOfSpace == true)
        descriptor = connection.descriptor
        self.connection = consume connection
    }

    /// Readable when there may be something to hear; -1 where there will be nothing.
    public private(set) var descriptor: Int32 = -1

    /// The panic's line on the console; nil where there was none so far. Waits for nothing.
    public mutating func heard() throws -> String? {
        while line == nil, let answer = try connection?.next(until: .now) {
            switch answer {
            case .event(.panicked(let text)): line = text
            case .event(.outOfSpace): isOutOfSpace = true
            case .event(.resumed): isOutOfSpace = false
            default: break
            }
        }
        // The guest has ended; what was waited for will find out by itself.
        if connection?.hasEnded == true {
            connection = nil
            descriptor = -1
        }
        return line
    }

    /// Throws `GuestError.panicked` or `.outOfSpace` where something of that was heard. Waits for nothing.
    ///
    /// - Parameter guest: its name.
    public mutating func check(_ guest: String) throws {
        if let line = try heard() { throw GuestError.panicked(guest: guest, line: line) }
        if isOutOfSpace { throw GuestError.outOfSpace(guest: guest, folder: folder) }
    }
}
