import ArgumentParser
import DevboxCore
import Guests
import HostTools
import Installing

/// How packages are installed: common to every command that installs some.
struct InstallArguments: ParsableArguments {
    static let usualTimeout = Seconds(1800)

    @Option(help: ArgumentHelp("How long the packages' scripts may take.", valueName: "seconds"))
    var timeout = Self.usualTimeout

    @Flag(
        help: ArgumentHelp(
            "Fetch what the packages need and the guest does not have, and install it with them.",
            discussion:
                "It comes from the guest's own apt sources, by this machine's apt-get; only what is signed counts."))
    var downloadDependencies = false

    var options: PackageInstaller.Options {
        PackageInstaller.Options(
            limit: timeout.duration, downloadDependencies: downloadDependencies, command: typedCommand)
    }
}

/// What changes a stopped guest's disk, with a guest that runs stopped before and started after it on request.
enum Restart {
    /// - Parameter wanted: whether a running guest may be stopped; without it `body` refuses it by itself.
    static func around<T>(
        _ name: String, in store: GuestStore, runner: Runner, _ wanted: Bool, _ body: () throws -> T
    ) throws -> T {
        guard wanted, let running = try RunningGuest(name, in: store) else { return try body() }
        try running.stop(within: .seconds(60))
        let result: T
        do {
            result = try body()
        } catch {
            // As it was: the disk, and the guest on it.
            do {
                _ = try GuestStarter(store, runner: runner).start(name, StartOptions(mode: running.state.mode))
            } catch {
                runner.console.warn("\(name) is stopped now")
            }
            throw error
        }
        let again = try GuestStarter(store, runner: runner).start(name, StartOptions(mode: running.state.mode))
        runner.console.say("\(name): started again (\(again.summary))")
        return result
    }
}
