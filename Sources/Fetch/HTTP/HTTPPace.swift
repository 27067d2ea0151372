/// How many transfers run at once. It begins with few; where they mostly wait for a server that is far away, and that server keeps
/// its connections open, small ones become more and more, so that two hundred of them do not take two hundred round trips.
struct HTTPPace {
    /// How many run at first, and how many large ones ever.
    private let least: Int
    /// How many small ones may become of them: as many as curl(1) has with --parallel, about.
    private static let most = 48
    /// Six fit into the queue of python's server; it drops one more, which comes again after a second.
    private static let cautious = 6
    /// Less than this is no wait for a network.
    private static let worthHiding = Duration.milliseconds(2)

    private(set) var transfers: Int
    /// Whether all servers that have answered keep their connections open; nil before the first.
    private var keepOpen: Bool?

    init(_ least: Int) { (self.least, transfers) = (least, least) }

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
    mutating func heard(_ head: HTTPHead) {
        keepOpen = keepOpen != false && head.keepsOpen
        if keepOpen == false { transfers = least }
    }

    /// Nothing came for some time, with more to be fetched.
    mutating func waited(_ time: Duration) {
        if keepOpen == true, time >= Self.worthHiding { transfers = max(least, min(transfers * 2, Self.most)) }
    }
}
