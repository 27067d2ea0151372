import ArgumentParser
import DevboxCore
import Guests

struct CloneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "clone",
        abstract: "Make a guest: a thin layer on an image, or on a stopped guest, with an identity of its own.",
        discussion: """
            The clone gets a hostname, machine-id, ssh host key, MAC address and random seed of its own. Needs no root.

            EXAMPLES:
              devbox clone bookworm-amd64 bug-4711
              devbox clone bug-4711 bug-4711-patched --memory 4G --cpus 4
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var sandbox: SandboxArguments

    @Argument(help: "An image, or a stopped guest.", completion: NameCompletion.sources)
    var source: String

    @Argument(help: "The name of the new guest.")
    var name: String

    @Option(help: ArgumentHelp("Memory as a virtual machine, such as 512M or 4G.", valueName: "size"))
    var memory: Size?

    @Option(help: "Processors as a virtual machine.")
    var cpus: Int?

    @Option(help: "The guest's own name for itself; without it its name here.")
    var hostname: String?

    func validate() throws {
        if let memory, memory.bytes < 64 << 20 { throw ValidationError("--memory: at least 64M") }
        if let cpus, !(1...255).contains(cpus) { throw ValidationError("--cpus: 1 to 255") }
    }

    func run() throws {
        let guests = try options.guests(in: sandbox.kind)
        let record = try Cloner(guests.work, sandboxes: guests.sandboxes, runner: options.runner).clone(
            source, as: name, CloneOptions(memory: memory?.bytes, cpus: cpus, hostname: hostname, command: typedCommand)
        )
        if options.json {
            try options.print(record, "")
        } else {
            options.console.say("\(name): cloned from \(source)")
        }
    }
}
