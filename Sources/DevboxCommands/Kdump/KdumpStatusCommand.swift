import ArgumentParser
import DevboxCore
import Dumps
import Guests
import Kdump

struct KdumpStatusCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "kdump-status", abstract: "Say whether a panic of a guest's kernel would leave a dump.",
        discussion: """
            Ends with 0 where it would, and with 3 where it would not. Of a guest that does not run it says what will be at its next \
            start.

            EXAMPLES:
              devbox kdump-status bug-4711
              devbox kdump-status bug-4711 --json | jq .ready
              devbox kdump-status bug-4711 -q || devbox kdump-arm bug-4711
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    func run() throws {
        let status = try KdumpInspector(try options.guests(), runner: options.runner).status(of: guest)
        if options.json || !options.quiet { try options.print(status, Self.text(status)) }
        if !status.ready { throw ArgumentParser.ExitCode(DevboxCore.ExitCode.notReady.rawValue) }
    }

    private static func dumps(_ count: Int, waiting: Int, of guest: String) -> String {
        if count == 0 { return "none" }
        let rest = waiting == 0 ? "brought out" : "\(waiting) not brought out: `devbox dumps \(guest)`"
        return "\(count) in the guest, \(rest)"
    }

    private static func text(_ status: KdumpStatus) -> String {
        let when = status.running ? "now" : "after its next start"
        var lines: [(String, String)] = [
            (
                "Ready",
                status.ready ? "yes: a panic \(when) leaves a dump" : "no: \(status.obstacles.joined(separator: "; "))"
            )
        ]
        if let reserved = status.reservedBytes, reserved > 0 {
            lines.append(("Reserved", "\(ByteSize.text(reserved)) (crashkernel=\(status.crashKernel ?? ""))"))
        } else if let wanted = status.crashKernel {
            lines.append(("Reserved", "nothing yet (crashkernel=\(wanted))"))
        }
        if let loaded = status.loaded { lines.append(("Crash kernel", loaded ? "loaded" : "not loaded")) }
        if let available = status.availableBytes {
            let expected = status.expectedBytes.map { ", a dump takes at most some \(ByteSize.text($0))" } ?? ""
            lines.append(("Space", "\(ByteSize.text(available)) free\(expected)"))
        }
        if let folder = status.dumpFolder, folder != CrashTarget.usualFolder {
            lines.append(("Dumps go to", Names.printable(folder)))
        }
        if let count = status.dumps, let waiting = status.waiting {
            lines.append(("Dumps", dumps(count, waiting: waiting, of: status.guest)))
        }
        for remark in status.remarks { lines.append(("Note", remark)) }
        var text = labelled(lines)
        if !status.settings.isEmpty {
            var table = Table("SYSCTL", "WANTED", "ACTUAL")
            for setting in status.settings { table.add(setting.name, setting.wanted, setting.actual) }
            text += "\n" + table.text
        }
        return text
    }
}
