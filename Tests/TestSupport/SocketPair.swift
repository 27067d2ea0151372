import CLinux
import DevboxCore
import Glibc
import SystemPackage

/// Two connected stream sockets, for a test that plays one side of a conversation.
public struct SocketPair {
    /// The side under test; whoever gets it closes it.
    public let subject: FileDescriptor
    /// The side that the test plays.
    public let player: FileDescriptor

    /// A new pair.
    public init() throws {
        signal(SIGPIPE, SIG_IGN)
        var ends: [Int32] = [-1, -1]
        try posix("make a pair of sockets") { devbox_socketpair(&ends) }
        (subject, player) = (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
    }

    /// Writes lines for the other side.
    public func say(_ lines: String...) throws {
        try Files.writeAll(player, lines.flatMap { Array($0.utf8) + [10] }, name: "the other side")
    }
}
