import DevboxCore

/// One thing to get over HTTP, in as many attempts as it takes.
protocol HTTPJob: AnyObject {
    /// What is got, for messages.
    var address: Address { get }
    /// What is asked for: the address, mostly.
    var url: String { get }
    /// Whether it is known to be small: many such ones may run at once.
    var isSmall: Bool { get }
    /// The next attempt.
    func request() throws -> HTTPRequest
    /// The response began. What it throws ends the job.
    func take(_ head: HTTPHead) throws
    /// A chunk of the body of a response of status 2xx.
    func take(_ bytes: UnsafeRawBufferPointer) throws
    /// The attempt is over; whether there is to be another one.
    func end(_ outcome: HTTPEnd) -> HTTPVerdict
}

extension HTTPJob {
    var url: String { address.description }
}

/// An attempt.
struct HTTPRequest: Equatable {
    /// Whether the head alone is wanted.
    var headOnly = false
    /// Header lines beside those of every request.
    var headers: [String] = []
    /// How long all of it may take; nil for as long as something comes.
    var limit: Duration?
}

/// How an attempt ended.
enum HTTPEnd {
    case complete(HTTPHead)
    /// The server answered with 400 or more.
    case status(HTTPHead)
    /// The connection failed; another attempt may succeed.
    case broken(FetchError)
    /// Another attempt would end the same way.
    case failed(any ReportableError)
}

/// What is to happen after an attempt.
enum HTTPVerdict {
    case done
    case again(after: Duration)
}

/// How patient devbox is with servers.
public struct HTTPLimits: Sendable {
    /// How long a connection may take to come up.
    public var connect: Duration
    /// How long nothing, or next to nothing, may come.
    public var stall: Duration
    /// How many attempts may fail one after the other.
    public var attempts: Int
    /// The time before the second attempt; it doubles each time.
    public var pause: Duration
    /// How many transfers run at once; small ones may become more.
    public var parallel: Int
    /// How long a server may ask to be left alone; where it asks for more, that is told.
    public var patience: Duration

    /// What is sensible for servers that are far away.
    public init(
        connect: Duration = .seconds(15), stall: Duration = .seconds(30), attempts: Int = 5,
        pause: Duration = .milliseconds(500), parallel: Int = 8, patience: Duration = .seconds(120)
    ) {
        (self.connect, self.stall, self.attempts) = (connect, stall, attempts)
        (self.pause, self.parallel, self.patience) = (pause, parallel, patience)
    }
}

/// Counts failed attempts.
struct Attempts {
    let limits: HTTPLimits
    private(set) var failed = 0

    init(_ limits: HTTPLimits) { self.limits = limits }

    /// The pause before the next attempt; nil where there were enough.
    ///
    /// - Parameter answer: what the server answered to the last one.
    mutating func next(after answer: HTTPHead? = nil) -> Duration? {
        failed += 1
        let asked = answer?.retryAfter ?? .zero
        guard failed < limits.attempts, asked <= limits.patience else { return nil }
        // A little chance keeps many devboxes from coming back at the same moment.
        return asked + limits.pause * (1 << min(failed - 1, 6)) * (0.75 + Double.random(in: 0...0.5))
    }

    /// Something came: the server is alive.
    mutating func succeed() { failed = 0 }

    /// Whether a status may be another one the next time.
    static func isTransient(_ status: Int) -> Bool { [408, 429, 500, 502, 503, 504].contains(status) }
}
