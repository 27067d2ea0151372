import ArgumentParser
import DevboxCore
import Guests

struct SnapshotCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "snapshot", abstract: "Keep the state of a stopped guest, to return to it with `devbox rollback`.",
        discussion: """
            `devbox show` lists a guest's snapshots.

            EXAMPLES:
              devbox snapshot bug-4711                     snapshot-1
              devbox snapshot bug-4711 before-patch
              devbox snapshot bug-4711 before-patch --remove
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var sandbox: SandboxArguments

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    @Argument(help: "The snapshot's name; without it snapshot-1, snapshot-2, …")
    var name: String?

    @Flag(help: "Forget the snapshot of this name instead.")
    var remove = false

    func validate() throws {
        if remove, name == nil { throw ValidationError("--remove needs the snapshot's name") }
    }

    func run() throws {
        let snapshots = Snapshots(try options.guests(in: sandbox.kind), runner: options.runner)
        if remove, let name {
            try snapshots.remove(guest, name)
            options.console.say("\(guest): forgot snapshot \(name)")
        } else {
            let snapshot = try snapshots.take(guest, as: name)
            options.console.say("\(guest): snapshot \(snapshot.name)")
            if options.json { try options.print(snapshot, "") }
        }
    }
}
