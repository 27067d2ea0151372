/// How many transfers run at once. Few where a server is near; where it is far away and keeps its connections open, many small ones, so
/// that two hundred of them do not take two hundred round trips.
struct HTTPPace {
    /// How many run where the server is near, and how many large ones ever.
    private let least: Int
    /// How many small ones may run otherwise: as many as curl(1) has with --parallel.
    private static let most = 50
    /// Six fit into the queue of python's server; it drops one more, which comes again after a second.
    private static let cautious = 6
    /// Less than this is no wait for a network.
    private static let worthHiding = Duration.milliseconds(2)

    private var isFar = false
    /// Whether all servers that have answered keep their connections open; nil before the first.
    private var keepOpen: Bool?

    init(_ least: Int) { self.least = least }

    private var transfers: Int { isFar && keepOpen == true ? max(least, Self.most) : least }

    /// How many connections a host may see.
    var connections: Int { keepOpen == true ? transfers : min(least, Self.cautious) }

    /// Whether a further transfer may begin.
    ///
    /// - Parameters:
    ///   - running: how many run.
    ///   - large: how many of them are not small.
    func admits(isSmall: Bool, running: Int, large: Int) -> Bool {
        running < transfers && (isSmall || large < least)
    }

    /// A server answered.
    mutating func heard(_ head: HTTPHead) { keepOpen = keepOpen != false && head.keepsOpen }

    /// Nothing came for some time.
    mutating func waited(_ time: Duration) { isFar = isFar || time >= Self.worthHiding }
}
