import DevboxCore
import Guests
import HostTools

/// Stops a guest that runs for a change of its disk, and starts it again as it ran, but with the kernel that starts next.
public struct GuestRestart: Sendable {
    private let store: GuestStore
    private let runner: Runner

    /// How long a guest may take to shut down before it is forced off.
    private static let patience = Duration.seconds(60)

    /// - Parameters:
    ///   - store: the guests of the work directory.
    ///   - runner: runs what a start needs; its console is told of the start.
    public init(_ store: GuestStore, runner: Runner) { (self.store, self.runner) = (store, runner) }

    /// Runs `body` while a guest does not run.
    ///
    /// - Parameters:
    ///   - isWanted: whether a guest that runs may be stopped; without it `body` is called as it is, and refuses the guest by itself.
    ///   - body: changes the guest's disk.
    /// - Throws: what `body` throws, after the guest was started again; where it does not start then, that is told as a warning.
    public func around<T>(_ name: String, if isWanted: Bool, _ body: () throws -> T) throws -> T {
        guard isWanted, let running = try RunningGuest(name, in: store) else { return try body() }
        try running.stop(within: Self.patience)
        var options = StartOptions(as: running.state)
        let result: T
        do {
            result = try body()
        } catch {
            // As it was: the disk, and the guest on it.
            do {
                _ = try GuestStarter(store, runner: runner).start(name, options)
            } catch {
                runner.console.warn("\(name) is stopped now: \(Failure(error).message)")
            }
            throw error
        }
        // The change may be of the kernels.
        options.kernel = nil
        let again = try GuestStarter(store, runner: runner).start(name, options)
        runner.console.say("\(name): started again (\(again.summary))")
        return result
    }
}
