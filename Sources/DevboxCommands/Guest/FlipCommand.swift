import ArgumentParser
import DevboxCore
import Guests
import Targets

struct FlipCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "flip",
        abstract: "Run a guest in the other mode from now on: virtual machine or container, on the same disk.",
        discussion: """
            A running guest is shut down and started in it.

            EXAMPLES:
              devbox flip bug-4711              the other mode
              devbox flip bug-4711 lxc          a container, with the host's whole memory
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var start: StartArguments

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    @Argument(help: "kvm or lxc; without it the other one.")
    var mode: GuestMode?

    @Option(
        help: ArgumentHelp(
            "How long a running guest may take to shut down before it is forced off.", valueName: "seconds"))
    var timeout = Seconds(60)

    func run() throws {
        let store = try options.guests(in: nil)
        let result = try GuestFlipper(store, runner: options.runner).flip(
            guest, to: mode, stopWithin: timeout.duration, start.options)
        if result.forced { options.console.warn("\(guest) did not shut down in \(timeout.text) s and was forced off") }
        let restarted = result.running.map { "; started (\($0.summary))" } ?? ""
        options.console.say("\(guest): mode \(result.mode.rawValue)\(restarted)")
        try options.print(["mode": result.mode.rawValue], "")
    }
}
