import ArgumentParser
import DevboxCore
import Fetch

struct PackagesCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "packages", abstract: "Show the fetched packages, and remove those that are not wanted any more.",
        discussion: """
            With --prune, what matches any of --older-than, --keep and --max-size goes. The digest of a pruned build stays on record: \
            should its source ever have another file under that name, it is refused. --forget removes the record too.

            EXAMPLES:
              devbox packages
              devbox packages --prune --older-than "3 weeks ago" --dry-run
              devbox packages --prune --keep 5 --max-size 20G
              devbox packages --forget amd64/ltp/2026-11-03-1.0/ltp-1.0-amd64.deb
            """)

    @OptionGroup var options: GlobalOptions

    @Flag(help: "Remove fetched packages.")
    var prune = false

    @Option(help: ArgumentHelp("With --prune: builds older than this day.", valueName: "day"))
    var olderThan: DateArgument?

    @Option(help: ArgumentHelp("With --prune: all but so many newest builds of each package.", valueName: "count"))
    var keep: Int?

    @Option(help: ArgumentHelp("With --prune: the oldest, until all together are no larger.", valueName: "size"))
    var maxSize: Size?

    @Flag(help: "With --prune: only show what would go.")
    var dryRun = false

    @Option(help: ArgumentHelp("Remove this file and its record, as if it had never been fetched.", valueName: "path"))
    var forget: String?

    func validate() throws {
        let hasRule = olderThan != nil || keep != nil || maxSize != nil
        if prune, !hasRule { throw ValidationError("--prune needs --older-than, --keep or --max-size") }
        if !prune, hasRule || dryRun {
            throw ValidationError("--older-than, --keep, --max-size and --dry-run go with --prune")
        }
        if prune, forget != nil { throw ValidationError("--prune and --forget are two commands") }
        if let keep, keep < 0 { throw ValidationError("--keep: 0 or more") }
        if olderThan?.choice == .latest { throw ValidationError("--older-than: a day") }
    }

    private struct Row: Encodable {
        let record: PackageRecord
        let file: String

        func encode(to encoder: any Encoder) throws {
            try record.encode(to: encoder)
            var container = encoder.container(keyedBy: Keys.self)
            try container.encode(file, forKey: .file)
        }

        private enum Keys: String, CodingKey { case file }
    }

    func run() throws {
        let store = PackageStore(try options.workToBegin())
        let records = try store.list { options.console.warn("the record \($0) cannot be read") }
        if let forget {
            guard let record = try store.record(of: forget) else {
                throw Failure(
                    .notFound, "\(Names.printable(forget)) was not fetched",
                    hint: "`devbox packages --json` tells the path of each file")
            }
            try store.forget(record)
            options.console.say("\(record.path): forgotten")
            if options.json { try options.print([Row(record: record, file: store.path(record).string)], "") }
            return
        }
        guard prune else { return try show(records, in: store) }
        var rule = Pruning()
        (rule.before, rule.keep, rule.maximumSize) = (olderThan?.choice.limit, keep, maxSize?.bytes)
        let goes = try store.prune(records, by: rule, onlyTell: dryRun) { record in
            options.console.say(
                "\(record.path): \(dryRun ? "would be removed" : "removed"), \(ByteSize.text(record.size))")
        }
        if options.json { try options.print(goes.map { Row(record: $0, file: store.path($0).string) }, "") }
    }

    private func show(_ records: [PackageRecord], in store: PackageStore) throws {
        var table = Table("PACKAGE", "DATE", "VERSION", "ARCH", "FORMAT", "SIZE", "VERIFIED BY", "SOURCE")
        for record in records {
            table.add(
                record.package, record.date.description, record.packageVersion, record.architecture.rawValue,
                record.format.rawValue, ByteSize.text(record.size),
                record.isSigned ? "signature" : record.verifiedBy == nil ? "nothing" : "checksum", record.source)
        }
        try options.print(records.map { Row(record: $0, file: store.path($0).string) }, table.text)
    }
}
