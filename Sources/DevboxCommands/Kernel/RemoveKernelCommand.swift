import ArgumentParser
import DevboxCore
import Guests
import Installing
import Kernels

struct RemoveKernelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove-kernel", abstract: "Take a kernel and its packages out of a stopped guest's disk.",
        discussion: """
            What depends on it, a metapackage say, goes with it.

            EXAMPLES:
              sudo devbox remove-kernel bug-4711 6.1.0-47-amd64
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var packages: InstallArguments
    @OptionGroup var sandbox: SandboxArguments

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    @Argument(help: "The kernel's version, as `devbox kernels` lists it.")
    var version: String

    @Flag(name: .shortAndLong, help: "Remove it also where it is the only one.")
    var force = false

    func run() throws {
        let clock = ContinuousClock.now
        try options.kernelInstaller(in: sandbox.kind).remove(
            version, from: guest, force: force, packages.options)
        options.console.say("\(guest): removed \(version) in \(seconds(since: clock))")
    }
}
