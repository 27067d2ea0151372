import Crash
import DevboxCore
import Dumps
import Guests

extension KdumpArmer {
    /// Throws `busy` where a guest cannot be proved to leave a dump, for it runs: a clone of it is what panics.
    public func checkIsProvable(_ name: String) throws {
        guard try RunningGuest(name, in: store) == nil else {
            throw Failure(
                .busy, "--verify clones the guest, and \(name) is running", hint: "`devbox stop \(name)` stops it")
        }
    }

    /// Proves that a panic of an armed guest's kernel leaves a whole dump, by a throw-away clone that panics.
    ///
    /// - Parameters:
    ///   - limit: how long the clone may take to save its dump.
    ///   - command: the command line, for records.
    /// - Returns: what is known of the clone's dump. Clone and dump are gone.
    /// - Throws: why there would be no dump, or was none.
    public func prove(_ name: String, within limit: Duration, command: String) throws -> DumpRecord {
        // What is only doubted is found out now.
        let status = try KdumpInspector(store, runner: runner).status(of: name)
        let obstacles = status.obstacles.filter { !status.doubts.contains($0) }
        guard obstacles.isEmpty else {
            throw Failure(.failure, "a panic of \(name) would leave no dump: \(obstacles.joined(separator: "; "))")
        }
        return try DumpProof(store, runner: runner, command: command).prove(name, limit: limit)
    }
}
