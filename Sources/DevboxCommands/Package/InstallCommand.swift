import ArgumentParser
import DevboxCore
import Guests
import Installing

struct InstallCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install",
        abstract: "Install packages in a guest, started or not: a test suite, a patched library.",
        discussion: """
            A stopped guest's disk is changed as a whole or not at all. In a running guest its own dpkg installs \
            them, and what fails may be left halfway. What a package needs and the guest does not have is named before anything is \
            changed. `devbox install-kernel` installs kernels.

            EXAMPLES:
              sudo devbox install bug-4711 ltp_20260930-1_amd64.deb
              sudo devbox install bug-4711 debs/
              sudo devbox install --download-dependencies bug-4711 ltp_20260930-1_amd64.deb
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var packages: InstallArguments
    @OptionGroup var sandbox: SandboxArguments

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    @Argument(help: "Packages, and folders with some.", completion: .file(extensions: ["deb"]))
    var files: [String]

    func run() throws {
        let clock = ContinuousClock.now
        let installer = GuestPackageInstaller(
            try options.guests(in: sandbox.kind), runner: options.runner, options: packages.options)
        let found = try PackageFile.open(files)
        let installed = try installer.install(found, in: guest)
        let downloaded = installed.packages.downloaded.map(\.title)
        let names = found.map(\.title) + downloaded
        let how = !installed.isTransaction ? " (in the running guest: not as a transaction)" : ""
        options.console.say("\(guest): installed \(names.joined(separator: ", ")) in \(seconds(since: clock))\(how)")
        if options.json {
            try options.print(
                Report(
                    guest: guest, installed: names, downloaded: downloaded, transaction: installed.isTransaction), "")
        }
    }

    private struct Report: Encodable {
        let guest: String
        let installed: [String]
        let downloaded: [String]
        let transaction: Bool
    }
}
