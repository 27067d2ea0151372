import ArgumentParser
import Crash
import DevboxCore
import Dumps
import QMP

struct DumpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump", abstract: "Take a dump of a guest's memory from outside, whether it runs or hangs.",
        discussion: """
            QEMU writes the dump, and the guest stands still meanwhile. It goes into the store of dumps (`devbox dumps`), \
            share/dumps/GUEST/NAME of the work directory, with the kernel's messages beside it. Ctrl-C ends it; the guest goes on \
            and nothing is left.

            With --panic the guest's kernel is interrupted by an NMI first, at which one that was armed by `devbox kdump-arm` \
            panics (kernel.unknown_nmi_panic=1) and saves its memory by itself. Where it does not, the host takes the dump.

            EXAMPLES:
              devbox dump bug-4711
              devbox dump bug-4711 --format kdump-zlib     smaller, and slower
              devbox dump bug-4711 --panic --timeout 300
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    @Option(
        help:
            "elf, sparse and read by every tool, or a compressed format that QEMU has: kdump-zlib, which makedumpfile cannot read."
    )
    var format = QMPDumpFormat.elf

    @Flag(help: "Have the guest's kernel panic first, so that its own kdump saves the memory.")
    var panic = false

    @Option(help: ArgumentHelp("With --panic: how long the guest may take to save it.", valueName: "seconds"))
    var timeout = Seconds(180)

    /// What `--json` prints.
    private struct Report: Encodable {
        let guest: String
        /// "guest" or "host".
        let by: String
        /// The dump's folder: in the guest, or on the host.
        let path: String
        /// Why the guest's own kdump did not take it, where it was to.
        let remark: String?
        let dump: DumpRecord?
    }

    func run() throws {
        let taker = DumpTaker(try options.guests(), runner: options.runner, command: typedCommand)
        var bar = ProgressLine(options.console)
        defer { bar.clear() }
        guard panic else {
            let taken = try taker.take(guest, format) { bar.show(guest, $0.completed, of: $0.total) }
            bar.clear()
            return try options.print(report(taken, remark: nil), "")
        }
        let dump = try taker.panic(guest, format, within: timeout.duration) {
            bar.show(guest, $0.completed, of: $0.total)
        }
        bar.clear()
        switch dump {
        case .byGuest(let path):
            options.console.say(
                "\(guest): its own kdump saved \(Names.printable(path)); `devbox dumps \(guest)` brings it out")
            try options.print(Report(guest: guest, by: "guest", path: path, remark: nil, dump: nil), "")
        case .byHost(let taken, let reason): try options.print(report(taken, remark: reason), "")
        }
    }

    /// Says what the host took.
    private func report(_ taken: TakenDump, remark: String?) -> Report {
        let record = taken.stored.record
        options.console.say(
            "\(guest): dumped \(ByteSize.text(record.size)) (\(taken.format.rawValue), \(ByteSize.text(record.sizeOnDisk)) on disk) in \(seconds(taken.duration))"
        )
        options.console.say("  \(taken.stored.vmcore)")
        if let title = record.title { options.console.say("  \(Names.printable(title))") }
        if let defect = record.defect { options.console.warn("the dump is not complete: \(Names.printable(defect))") }
        return Report(guest: guest, by: "host", path: taken.stored.folder.string, remark: remark, dump: record)
    }
}

extension QMPDumpFormat: ExpressibleByArgument {}
