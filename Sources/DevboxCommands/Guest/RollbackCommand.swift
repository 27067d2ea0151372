import ArgumentParser
import DevboxCore
import Guests

struct RollbackCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rollback", abstract: "Return a stopped guest to a snapshot: its disk, kernels and arguments.",
        discussion: """
            What was done since is gone; the snapshot stays, to be returned to again.

            EXAMPLES:
              devbox rollback bug-4711                  the newest snapshot
              devbox rollback bug-4711 before-patch
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    @Argument(help: "The snapshot; without it the newest.")
    var name: String?

    func run() throws {
        let snapshot = try Snapshots(options.guests(), runner: options.runner).rollBack(guest, to: name)
        options.console.say("\(guest): back at \(snapshot.name)")
        if options.json { try options.print(snapshot, "") }
    }
}
