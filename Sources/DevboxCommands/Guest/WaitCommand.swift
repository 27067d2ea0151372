import ArgumentParser
import DevboxCore
import Guests

struct WaitCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "wait",
        abstract: "Wait until a guest's kernel panics, a dump of it is saved, or it has shut down.",
        discussion: """
            What is the case already counts: a kernel that panicked and was not reset since, a dump of the last \
            panic, a guest that does not run. A dump that the guest saves by itself is waited for until its crash kernel has \
            finished and restarts the guest.

            It ends with 0 when that came, with 122 when the time limit passed, and with another status when it cannot come any more.

            EXAMPLES:
              devbox wait bug-4711 --for panic --timeout 600 && devbox dump bug-4711
              devbox wait bug-4711 --for dump
              devbox wait bug-4711 --for shutdown
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    @Option(name: .customLong("for"), help: "panic, dump or shutdown.")
    var occasion: GuestWaiter.Occasion

    @Option(help: ArgumentHelp("How long to wait. Default: without a limit.", valueName: "seconds"))
    var timeout: Seconds?

    private struct Report: Encodable {
        let guest: String
        let occasion: String
        let panic: String?
        let dump: SavedDump?
    }

    func run() throws {
        let outcome = try GuestWaiter(options.guests()).wait(guest, for: occasion, limit: timeout?.duration)
        switch occasion {
        case .panic: options.console.say("\(guest): \(Names.printable(outcome.panic ?? ""))")
        case .dump:
            if let dump = outcome.dump {
                let elsewhere = dump.by == .guest && !dump.path.hasPrefix("/") ? ", on another machine" : ""
                options.console.say("\(guest): the \(dump.by.rawValue) saved \(Names.printable(dump.path))\(elsewhere)")
            }
        case .shutdown: options.console.say("\(guest): is not running")
        }
        let report = Report(
            guest: guest, occasion: occasion.rawValue, panic: outcome.panic, dump: outcome.dump)
        try options.print(report, "")
    }
}

extension GuestWaiter.Occasion: ExpressibleByArgument {}
extension PanicAction: ExpressibleByArgument {}
