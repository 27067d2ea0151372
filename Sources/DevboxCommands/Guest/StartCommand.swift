import ArgumentParser
import DevboxCore
import Guests
import Targets

struct StartCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start a guest, and return when it answers.",
        discussion: """
            As a virtual machine (mode kvm) it starts from its own kernel, with its console in console.log, sshd on a loopback \
            port and the share at /work. As a container (mode lxc) it boots from the same disk on the host's kernel, \
            as root, or as an ordinary user where the host has what that takes, which `devbox doctor` tells.

            EXAMPLES:
              devbox start bug-4711
              devbox start bug-4711 --on-panic dump
              devbox start bug-4711 --kernel 6.1.0-47-amd64 --append panic=-1
              sudo devbox start bug-4711 --mode lxc
              devbox start bug-4711 --mode lxc        without root, and without a network
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var start: StartArguments

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    @Option(
        help: ArgumentHelp(
            "What to do when a virtual machine's kernel panics: kdump, pause, dump, reboot or stop.",
            discussion: """
                kdump leaves it to the guest's own crash kernel (`devbox kdump-arm`); without one, the guest stands still. With \
                the others none is loaded: pause keeps the machine as it is, for `devbox dump` and debuggers, dump takes a \
                dump from outside and switches the machine off. Default: kdump.
                """))
    var onPanic: PanicAction?

    @Option(help: "Start it in this mode, this once: kvm or lxc. `devbox flip` changes the mode for good.")
    var mode: GuestMode?

    func run() throws {
        let clock = ContinuousClock.now
        var wanted = start.options
        wanted.mode = mode
        wanted.onPanic = onPanic
        let started = try GuestStarter(options.guests(in: nil), runner: options.runner).startUnlessRunning(
            guest, wanted)
        let running = started.guest
        options.console.say(
            started.ranBefore
                ? "\(guest): runs already (\(running.state.mode.rawValue))"
                : "\(guest): started (\(running.summary)) in \(seconds(since: clock))")
        try options.print(running.state, "")
    }
}

/// The time since `start`, as in "2.3 s".
func seconds(since start: ContinuousClock.Instant) -> String { seconds(ContinuousClock.now - start) }

/// As in "2.3 s".
func seconds(_ duration: Duration) -> String {
    let tenths = Int((duration.inSeconds * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) s"
}
