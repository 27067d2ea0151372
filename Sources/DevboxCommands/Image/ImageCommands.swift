import ArgumentParser
import DevboxCore
import FoundationEssentials
import Guests
import Images

struct ImageCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "image", abstract: "Build, import, list, show and remove base images.",
        discussion: """
            EXAMPLES:
              devbox image build
              devbox image list
            """,
        subcommands: [ImageBuild.self, ImageImport.self, ImageList.self, ImageShow.self, ImageRemove.self])
}

struct ImageList: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "list", abstract: "List the images.",
        discussion: """
            EXAMPLES:
              devbox image list --json
            """,
        aliases: ["ls"])

    @OptionGroup var options: GlobalOptions

    func run() throws {
        let records = try options.images().records { options.console.warn("the record of \($0) cannot be read") }
        var table = Table("NAME", "ARCH", "RELEASE", "KERNEL", "SIZE", "ON DISK")
        for record in records {
            table.add(
                record.name, record.architecture.rawValue, record.release.prettyName, record.kernels.first?.version,
                ByteSize.text(record.disk.virtualSize), ByteSize.text(record.disk.fileSize))
        }
        try options.print(records, table.text)
    }
}

struct ImageShow: ParsableCommand {
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
        lines += [
            ("Disk", "\(ByteSize.text(record.disk.fileSize)) of \(ByteSize.text(record.disk.virtualSize))"),
            ("Digest", "sha256 \(record.disk.sha256)"),
            ("Root", record.root.partition.map { "at byte \($0.offset)" } ?? "whole disk"),
        ]
        lines += record.kernels.map { ("Kernel", $0.version) }
        if let packages = record.origin.packages { lines.append(("Packages", "\(packages.count) (--json lists them)")) }
        try options.print(record, labelled(lines))
    }
}

struct ImageRemove: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "remove", abstract: "Remove images that no guest stands on.",
        discussion: """
            EXAMPLES:
              devbox image remove bookworm-amd64
            """,
        aliases: ["rm"])

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The images.", completion: NameCompletion.images)
    var images: [String]

    func run() throws {
        let guests = try options.guests()
        var failures = Failures(options.console)
        var removed: [String] = []
        for name in images {
            try failures.collect {
                try ImageRemoval.remove(name, guests: guests)
                options.console.say("\(name): removed")
                removed.append(name)
            }
        }
        if options.json { try options.print(["removed": removed], "") }
        try failures.finish()
    }
}

/// Lines of a label and a text, with the texts below each other.
func labelled(_ lines: [(String, String)]) -> String {
    let width = lines.map(\.0.count).max() ?? 0
    return lines.map { label, value in
        "\(label):\(String(repeating: " ", count: width - label.count + 2))\(Names.printable(value))"
    }.joined(separator: "\n")
}
