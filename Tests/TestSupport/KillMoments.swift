import DevboxCore
import Glibc
import HostTools

/// The moments at which a program is killed, run after run: spread evenly over the time that it takes, beginning anywhere.
///
/// How long that is depends on the machine and on what else it does, so it follows what is seen: where each of the last runs had ended
/// before its kill, the moments come earlier, and where none had, later. A test sees both, and not only when it is lucky.
package struct KillMoments {
    private var span: Duration
    private var position = Double.random(in: 0..<1)
    private var alike: (hasEnded: Bool, runs: Int) = (false, 0)

    /// How many runs had not ended by themselves before they were killed.
    package private(set) var kills = 0

    /// - Parameter span: the latest of the moments, at first; some more than the program usually takes.
    package init(within span: Duration) { self.span = span }

    /// Runs a command, kills it with SIGKILL at the next moment, and waits for its end.
    ///
    /// - Parameter scale: how much longer than usual this run takes.
    /// - Returns: whether it was killed; false if it had ended by itself.
    @discardableResult
    package mutating func kill(_ command: Command, scale: Double = 1) throws -> Bool {
        // Steps of the golden ratio: any few of them in a row lie far from each other.
        position = (position + 0.618_033_988_75).truncatingRemainder(dividingBy: 1)
        var child = try ChildProcess(command, output: .null, error: .null)
        let hasEnded = try child.wait(until: .now + span * scale * position) != nil
        if !hasEnded {
            child.signal(SIGKILL)
            kills += 1
        }
        _ = try child.wait()
        alike = (hasEnded, hasEnded == alike.hasEnded ? alike.runs + 1 : 1)
        if alike.runs == 4 {
            span = span * (hasEnded ? 0.6 : 1.6)
            alike.runs = 0
        }
        return !hasEnded
    }
}
