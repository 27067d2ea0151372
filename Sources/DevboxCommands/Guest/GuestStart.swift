import ArgumentParser
import DevboxCore
import Guests

struct GuestStart: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "start", abstract: "Start a guest, and return when it answers.",
        discussion: """
            As a virtual machine (mode kvm) it starts from its own kernel, with its console in console.log, sshd on a loopback \
            port and the share at /work. As a container (mode lxc) it boots from the same disk on the host's kernel; that needs root.

            EXAMPLES:
              devbox start bug-4711
              devbox start bug-4711 --on-panic dump
              devbox start bug-4711 --kernel 6.1.0-47-amd64 --append panic=-1
              sudo devbox start bug-4711 --mode lxc
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
        let store = try options.guests()
        let clock = ContinuousClock.now
        if let running = try RunningGuest(guest, in: store) {
            if let mode, mode != running.state.mode {
                throw Failure(
                    .busy, "the guest \(guest) runs in \(running.state.mode.rawValue) mode",
                    hint: "`devbox flip \(guest) \(mode.rawValue)` restarts it in the other one")
            }
            if let onPanic, onPanic != running.state.onPanic {
                throw Failure(
                    .busy,
                    "the guest \(guest) runs already, with --on-panic \((running.state.onPanic ?? .kdump).rawValue)",
                    hint: "`devbox stop \(guest)` first")
            }
            options.console.say("\(guest): runs already (\(running.state.mode.rawValue))")
            return try options.print(running.state, "")
        }
        var wanted = start.options
        wanted.mode = mode
        wanted.onPanic = onPanic
        let running = try GuestStarter(store, runner: options.runner).start(guest, wanted)
        options.console.say("\(guest): started (\(running.summary)) in \(seconds(since: clock))")
        try options.print(running.state, "")
    }
}

extension RunningGuest {
    /// "kvm, tcg, kernel 6.1.0-47-amd64, ssh port 40123" or "lxc".
    var summary: String {
        var parts = [state.mode.rawValue]
        if let accelerator = state.accelerator, accelerator != state.mode.rawValue { parts.append(accelerator) }
        if let kernel = state.kernel { parts.append("kernel \(kernel)") }
        if let port = state.sshPort { parts.append("ssh port \(port)") }
        return parts.joined(separator: ", ")
    }
}

/// The time since `start`, as in "2.3 s".
func seconds(since start: ContinuousClock.Instant) -> String {
    let tenths = Int(((ContinuousClock.now - start).inSeconds * 10).rounded())
    return "\(tenths / 10).\(tenths % 10) s"
}
