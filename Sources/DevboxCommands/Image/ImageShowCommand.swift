import ArgumentParser
import DevboxCore
import Guests
import Images

struct ImageShowCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "show", abstract: "Show everything that is known of an image.",
        discussion: """
            EXAMPLES:
              devbox image show bookworm-amd64 --json | jq .origin.packages
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The image.", completion: NameCompletion.images)
    var image: String

    func run() throws {
        let record = try options.images().load(image)
        var lines = [
            ("Name", record.name), ("Release", "\(record.release.prettyName), \(record.architecture.rawValue)"),
            ("Created", record.createdAt.formatted(.iso8601)), ("By", record.origin.command),
        ]
        if let file = record.origin.file {
            lines.append(("File", "\(file) (sha256 \(record.origin.sha256?.description ?? "-"))"))
        }
        lines.append(
            ("Trusted", record.origin.isTrusted ? "yes" : "no: stopped guests on it are worked on in the appliance"))
        lines += [
            ("Disk", "\(ByteSize.text(record.disk.fileSize)) of \(ByteSize.text(record.disk.virtualSize))"),
            ("Digest", "sha256 \(record.disk.sha256)"),
            ("Root", record.root.partition.map { "at byte \($0.offset)" } ?? "whole disk"),
        ]
        lines += (record.root.parts ?? []).map { ("Part", "\($0.path) at byte \($0.partition.offset)") }
        lines += (record.root.elsewhere ?? []).map {
            ("Unseen", "\($0.path) (\(Names.printable($0.source))): \($0.reason)")
        }
        lines += record.kernels.map { kernel in
            ("Kernel", kernel.version + (kernel.obstacle.map { " (cannot start: \($0))" } ?? ""))
        }
        if let packages = record.origin.packages { lines.append(("Packages", "\(packages.count) (--json lists them)")) }
        try options.print(ImageReport(record), labelled(lines))
    }
}
