import ArgumentParser
import DevboxCore
import Images
import SystemPackage

struct ImageImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take an existing disk, raw or qcow2: a distribution's cloud image, say.",
        discussion: """
            The root file system must be ext4, on the whole disk or in a GPT or MBR partition; /boot, /usr and /var may have others of \
            the same disk. Release, architecture and kernels are found by themselves. The file is copied and never changed; one that refers to other files is refused.

            EXAMPLES:
              devbox image import debian-12-genericcloud-amd64.qcow2 --name debian-cloud
              devbox image import overlay.qcow2 --name old-bug --flatten
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The disk.", completion: .file())
    var file: String

    @Option(help: "The image's name.")
    var name: String

    @Flag(help: "Make one disk of it and its backing file, which must lie beside it and which you trust.")
    var flatten = false

    func run() throws {
        let clock = ContinuousClock.now
        let path = Files.currentDirectory.pushing(FilePath(file)).lexicallyNormalized()
        let record = try ImageImporter(
            ImageStore(options.workToBegin()), runner: options.runner, templates: options.templates()
        ).importDisk(
            path, as: name, flatten: flatten, command: typedCommand)
        let kernel = record.kernels.first.map { "kernel \($0.version)" } ?? "no kernel: it runs as a container only"
        options.console.say(
            "\(name): imported in \(seconds(since: clock)): \(record.release.prettyName), \(record.architecture.rawValue), \(kernel)"
        )
        for part in record.root.elsewhere ?? [] { options.console.warn("\(name): \(part.words)") }
        for kernel in record.kernels {
            guard let obstacle = kernel.obstacle else { continue }
            options.console.warn("\(name): \(kernel.version) cannot start as a virtual machine: \(obstacle)")
        }
        if options.json { try options.print(record, "") }
    }
}
