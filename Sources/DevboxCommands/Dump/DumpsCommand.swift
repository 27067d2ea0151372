import ArgumentParser
import Crash
import DevboxCore
import Dumps
import Guests

struct DumpsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dumps", abstract: "List the dumps of guests, having brought out new ones.",
        discussion: """
            What a guest's kdump left in its /var/crash, or where its settings have it put its dumps, comes into share/dumps/GUEST/NAME/, which guests see below /work: \
            vmcore, dmesg.txt and dump.json. A stopped guest's disk is read without root and without a change; a running guest \
            is asked over ssh. What was brought out once is not copied again. NAME is a time in UTC: when the kernel crashed where the dump \
            says it. Files there that are no dumps are named, and the status is 65 then; a dump that is cut off is kept, and listed \
            as incomplete.

            EXAMPLES:
              devbox dumps
              devbox dumps bug-4711 --json | jq -r '.[0].folder'
              devbox dumps --keep 3
              devbox dumps bug-4711 --remove 20261121T190818Z
              sudo devbox dumps bug-4711 --remove-from-guest
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var sandbox: SandboxArguments

    @Argument(help: "Only this guest's; those of all without it.", completion: NameCompletion.guests)
    var guest: String?

    @Flag(
        help:
            "Remove from the guest what was brought out, also what --keep has removed here since."
    )
    var removeFromGuest = false

    @Option(help: ArgumentHelp("Remove all but so many newest dumps of each guest from the store.", valueName: "count"))
    var keep: Int?

    @Option(
        help: ArgumentHelp(
            "Remove the guest's dump of this name from the store. May be given several times.", valueName: "name"))
    var remove: [String] = []

    func validate() throws {
        if !remove.isEmpty, guest == nil { throw ValidationError("--remove needs the guest whose dump it is") }
        if let keep, keep < 0 { throw ValidationError("--keep: 0 or more") }
    }

    private struct Row: Encodable {
        let dump: StoredDump

        func encode(to encoder: any Encoder) throws {
            try dump.record.encode(to: encoder)
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(dump.folder.string, forKey: .folder)
        }

        private enum Keys: String, CodingKey { case folder }
    }

    func run() throws {
        let targets = try options.targets(in: sandbox.kind)
        let guests = targets.store
        let store = DumpStore(guests.work)
        let collector = DumpCollector(guests, runner: options.runner, command: typedCommand)
        var problems: [any ReportableError] = []
        let names = try collector.names(guest)
        // Of all guests some may run; of the one that is named a sandbox would be asked for in vain.
        if guest != nil { for name in names { _ = try targets.running(name) } }
        try collect(names, collector, &problems)
        let removed = { (dump: StoredDump) in options.console.say("removed \(dump.folder)") }
        if let guest, !remove.isEmpty { try store.remove(remove, of: guest, removed: removed) }
        if let keep { try store.prune(guest, keeping: keep, removed: removed) }
        let dumps = try store.list(guest) { options.console.warn("the record \($0) cannot be read") }
        try options.print(dumps.map(Row.init), Self.table(dumps))
        if let first = problems.first { throw first }
    }

    private func collect(_ names: [String], _ collector: DumpCollector, _ problems: inout [any ReportableError]) throws
    {
        var bars = ProgressBars(options.console)
        defer { bars.clear() }
        try collector.collect(names, removing: removeFromGuest, progress: { bars.show([$0]) }) { name, result in
            bars.clear()
            bars = ProgressBars(options.console)
            switch result {
            case .dumps(let collected):
                report(collected, of: name)
                problems += collected.problems
            // A guest that is not named on the command line may be busy; that is no error of this command.
            case .failure(let error) where guest == nil:
                options.console.warn("\(name): its new dumps are not brought out: \(error.description)")
            case .failure(let error): problems.append(error)
            }
        }
    }

    /// So many files are named one by one.
    private static let mostNamed = 20

    private func report(_ collected: CollectedDumps, of name: String) {
        for dump in collected.added {
            options.console.say("\(name): brought out \(dump.folder)")
            if let defect = dump.record.defect { options.console.warn("\(dump.folder) is incomplete: \(defect)") }
            if let defect = dump.record.messagesDefect {
                options.console.detail("\(dump.folder): its messages are not read: \(defect)")
            }
        }
        for obstacle in collected.obstacles { options.console.warn("\(name): \(obstacle)") }
        for refused in collected.refused.prefix(Self.mostNamed) {
            options.console.warn("\(name):\(Names.printable(refused.path)): \(Names.printable(refused.reason))")
        }
        let more = collected.refused.count - Self.mostNamed
        if more > 0 { options.console.warn("\(name): and \(more) more") }
        if !collected.removed.isEmpty {
            let count = collected.removed.count
            options.console.say("\(name): removed \(count == 1 ? "a dump" : "\(count) dumps") from the guest")
        }
    }

    private static func table(_ dumps: [StoredDump]) -> String {
        var table = Table("GUEST", "NAME", "KERNEL", "SIZE", "STATE", "TITLE")
        for dump in dumps {
            let record = dump.record
            table.add(
                record.guest, record.name, record.kernel, ByteSize.text(record.size),
                record.isComplete ? "complete" : "incomplete", record.title)
        }
        return table.text
    }
}
