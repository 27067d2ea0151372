import ArgumentParser
import DevboxCore
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
