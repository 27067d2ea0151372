import ArgumentParser
import DevboxCore
import Guests
import HostTools
import Kernels

/// How packages are installed: common to every command that installs some.
struct InstallArguments: ParsableArguments {
    @Option(help: ArgumentHelp("How long the packages' scripts may take.", valueName: "seconds"))
    var timeout = Seconds(1800)

    var options: PackageInstaller.Options {
        PackageInstaller.Options(limit: timeout.duration, command: typedCommand)
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
            _ = try? GuestStarter(store, runner: runner).start(name, StartOptions(mode: running.state.mode))
            throw error
        }
        let again = try GuestStarter(store, runner: runner).start(name, StartOptions(mode: running.state.mode))
        runner.console.say("\(name): started again (\(again.summary))")
        return result
    }
}
