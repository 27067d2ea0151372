import ArgumentParser
import Crash
import DevboxCore
import Dumps
import Guests
import QMP
import SystemPackage

struct GuestDump: ParsableCommand {
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
        let store = try options.guests()
        guard let running = try RunningGuest(guest, in: store) else {
            throw Failure(.notFound, "the guest \(guest) is not running", hint: "`devbox start \(guest)` starts it")
        }
        let dumper = try GuestDumper(running)
        guard panic else { return try report(takeDump(dumper, of: running), remark: nil) }
        let report = try PanicTrigger(running).run(within: timeout.duration, options.console.say) { outcome in
            switch outcome {
            case .saved(let path):
                options.console.say(
                    "\(guest): its own kdump saved \(Names.printable(path)); `devbox dumps \(guest)` brings it out")
                return Report(guest: guest, by: "guest", path: path, remark: nil, dump: nil)
            case .panicked(let reason), .alive(let reason):
                options.console.say("\(guest): \(Names.printable(reason)): the host takes the dump")
                return hostReport(try takeDump(dumper, of: running), remark: reason)
            }
        }
        try options.print(report, "")
    }

    private func takeDump(_ dumper: GuestDumper, of running: RunningGuest) throws -> StoredDump {
        let clock = ContinuousClock.now
        let unfinished = try DumpStore(options.work()).begin(
            guest: guest, guestID: running.record.id, source: .qmp, command: typedCommand)
        let file = try unfinished.makeVmcore()
        defer { try? file.close() }
        var receiver = DumpReceiver(file, name: "the dump of \(guest)", size: running.record.memory)
        var bar = ProgressLine(options.console)
        try dumper.dump(format, progress: { bar.show(guest, $0.completed, of: $0.total) }) { try receiver.take($0) }
        var details = DumpDetails()
        details.defect = try receiver.finish()
        try ProgramHeaders.settle(file, name: "the dump of \(guest)")
        details.kernel = running.state.kernel
        bar.clear()
        let stored = try unfinished.finish(details)
        dumper.announce(stored.folder)
        let record = stored.record
        options.console.say(
            "\(guest): dumped \(ByteSize.text(record.size)) (\(format.rawValue), \(ByteSize.text(record.sizeOnDisk)) on disk) in \(seconds(since: clock))"
        )
        options.console.say("  \(stored.vmcore)")
        if let title = record.title { options.console.say("  \(Names.printable(title))") }
        if let defect = record.defect { options.console.warn("the dump is not complete: \(Names.printable(defect))") }
        return stored
    }

    private func hostReport(_ stored: StoredDump, remark: String?) -> Report {
        Report(guest: guest, by: "host", path: stored.folder.string, remark: remark, dump: stored.record)
    }

    private func report(_ stored: StoredDump, remark: String?) throws {
        try options.print(hostReport(stored, remark: remark), "")
    }
}

extension QMPDumpFormat: ExpressibleByArgument {}
