import ArgumentParser
import DevboxCore
import Guests

struct ConsoleCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "console", abstract: "Connect to the console of a running guest.",
        discussion: """
            Ctrl-] leaves a virtual machine's serial console, Ctrl-] q a container's. What the console prints is also in console.log of the guest's folder, connected or not.

            EXAMPLES:
              devbox console bug-4711
              devbox console bug-4711 --log      what it printed since it was started
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    @Flag(help: "Print what the console has printed since the guest was last started, and leave.")
    var log = false

    func run() throws {
        let store = try options.guests()
        if log {
            _ = try store.load(guest)
            return Console.write(try ConsoleTail.log(store.files(guest)), to: 1)
        }
        guard let running = try RunningGuest(guest, in: store) else {
            throw Failure(
                .notFound, "the guest \(guest) is not running",
                hint: "`devbox start \(guest)` starts it; --log prints its last console")
        }
        try ConsoleConnection(running, console: options.console).run()
    }
}
