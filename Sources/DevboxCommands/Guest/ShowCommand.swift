import ArgumentParser
import DevboxCore
import FoundationEssentials
import Guests

struct ShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show everything that is known of a guest.",
        discussion: """
            EXAMPLES:
              devbox show bug-4711
              devbox show bug-4711 --json | jq .snapshots
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    func run() throws {
        let store = try options.guests()
        let report = try GuestReport(guest, in: store)
        try options.print(report, report.text)
    }
}

extension GuestReport {
    /// For people.
    fileprivate var text: String {
        var lines: [(String, String)] = [
            ("Name", record.name), ("Id", record.id),
            ("State", "\(state) (\((running?.mode ?? record.mode).rawValue))"),
            ("Image", "\(record.image.name) (sha256 \(record.image.sha256.description.prefix(12)))"),
        ]
        if let panic = condition?.panic {
            lines.insert(("Panic", Names.printable(panic) + (condition?.isPaused == true ? " (paused)" : "")), at: 3)
        }
        if condition?.isOutOfSpace == true {
            lines.insert(("Waits for", "space on the host, for its disk"), at: 3)
        }
        if let source = record.clonedFrom { lines.append(("Cloned from", source)) }
        lines += [
            ("Created", record.createdAt.formatted(.iso8601)), ("By", record.command),
            ("Release", "\(record.release.prettyName), \(record.architecture.rawValue)"),
            ("Disk", "\(ByteSize.text(diskBytes)) of \(ByteSize.text(virtualSize))"),
            ("Machine", "\(ByteSize.text(record.memory)) memory, \(record.cpus) processors"),
            ("Hostname", record.identity.hostname), ("Machine id", record.identity.machineID),
            ("MAC address", record.identity.macAddress), ("Host key", record.identity.sshHostKey),
        ]
        for kernel in record.kernels {
            lines.append(("Kernel", kernel.version + (kernel == record.startingKernel ? " (starts next)" : "")))
        }
        if !record.allKernelArguments.isEmpty {
            lines.append(("Arguments", record.allKernelArguments.joined(separator: " ")))
        }
        // What was installed time and again is there once.
        var seen: Set<String> = []
        let packages = (record.packages ?? []).reversed().filter { seen.insert($0.name).inserted }.reversed()
        for package in packages { lines.append(("Package", "\(package.name) \(package.version)")) }
        for snapshot in record.snapshots {
            lines.append(("Snapshot", "\(snapshot.name), \(snapshot.createdAt.formatted(.iso8601))"))
        }
        return labelled(lines)
    }
}
