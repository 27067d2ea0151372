import ArgumentParser
import DevboxCore
import Guests
import Images

struct ImageListCommand: ParsableCommand {
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
        var table = Table("NAME", "ARCH", "RELEASE", "KERNEL", "SIZE", "ON DISK", "TRUSTED")
        for record in records {
            table.add(
                record.name, record.architecture.rawValue, record.release.prettyName, record.kernels.first?.version,
                ByteSize.text(record.disk.virtualSize), ByteSize.text(record.disk.fileSize),
                record.origin.isTrusted ? "yes" : "no")
        }
        try options.print(records.map(ImageReport.init), table.text)
    }
}
