import ArgumentParser
import Crash
import DevboxCore
import Dumps
import Guests

struct DumpsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dumps", abstract: "List the dumps of guests, having brought out new ones.",
        discussion: """
            What a guest's kdump left in its /var/crash comes into share/dumps/GUEST/NAME/, which guests see below /work: \
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

    @Argument(help: "Only this guest's; those of all without it.", completion: NameCompletion.guests)
    var guest: String?

    @Flag(
        help:
            "Remove from the guest what was brought out, also what --keep has removed here since. Needs root where the guest is stopped."
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
        let guests = try options.guests()
        let store = DumpStore(guests.work)
        let isThere = try guest.map { name in
            try Names.check(name, "guest")
            return Files.exists(guests.files(name).record)
        }
        // A removed guest's dumps are still there.
        if isThere == false, let guest, try store.known(guest).isEmpty { _ = try guests.load(guest) }
        let names = try guest.map { isThere == true ? [$0] : [] } ?? guests.names()
        var problems: [any ReportableError] = []
        for name in names { try collect(name, guests, &problems) }
        if let guest, !remove.isEmpty { try removeChosen(store, of: guest) }
        if let keep { try prune(store, keep) }
        let dumps = try store.list(guest) { options.console.warn("the record \($0) cannot be read") }
        try options.print(dumps.map(Row.init), Self.table(dumps))
        if let first = problems.first { throw first }
    }

    /// Brings out what one guest has. Whatever is wrong with it, the others come too.
    private func collect(_ name: String, _ guests: GuestStore, _ problems: inout [any ReportableError]) throws {
        var bars = ProgressBars(options.console)
        defer { bars.clear() }
        do {
            let collected = try DumpCollector(guests, runner: options.runner, command: typedCommand)
                .collect(name, removing: removeFromGuest) { bars.show([$0]) }
            bars.clear()
            report(collected, of: name)
            if let failure = collected.removalFailure { problems.append(failure) }
            if let first = collected.refused.first {
                let count = collected.refused.count
                problems.append(
                    Failure(
                        first.exitCode,
                        "\(count == 1 ? "a file" : "\(count) files") of \(name) could not be brought out",
                        hint: "the warnings say why; what else there was is in the store"))
            }
        } catch let error as any ReportableError where error.exitCode != .interrupted {
            // A guest that is not named on the command line may be busy; that is no error of this command.
            if guest == nil {
                options.console.warn("\(name): its new dumps are not brought out: \(error.description)")
            } else {
                problems.append(error)
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

    /// All of them, or none where one is not there.
    private func removeChosen(_ store: DumpStore, of guest: String) throws {
        let dumps = try store.list(guest)
        let chosen = try Set(remove).sorted().map { name in
            guard let dump = dumps.first(where: { $0.record.name == name }) else {
                throw Failure(
                    .notFound, "there is no dump \(Names.printable(name)) of \(guest)",
                    hint: "`devbox dumps \(guest)` shows their names")
            }
            return dump
        }
        for dump in chosen { try remove(dump, from: store) }
    }

    private func remove(_ dump: StoredDump, from store: DumpStore) throws {
        try store.remove(dump)
        options.console.say("removed \(dump.folder)")
    }

    private func prune(_ store: DumpStore, _ keep: Int) throws {
        for name in try guest.map({ [$0] }) ?? store.guests() {
            for dump in try store.list(name).dropFirst(keep) { try remove(dump, from: store) }
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
