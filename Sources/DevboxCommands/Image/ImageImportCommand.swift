import ArgumentParser
import DevboxCore
import Images
import SystemPackage

struct ImageImportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import", abstract: "Take an existing disk: a distribution's cloud image, say.",
        discussion: """
            The root file system must be ext4, on the whole disk or in a GPT or MBR partition; /boot, /usr and /var may have others \
            of the same disk. Release, architecture and kernels are found by themselves. The file is copied and never changed; one \
            that refers to other files is refused. A raw and a qcow2 disk are taken as they are; with --convert also VMDK, VDI, VHDX, \
            VHD, QED and Parallels disks, files that xz, gzip, zstd, bzip2 or lz4 compressed, and tar archives (OVA too) that hold a \
            disk or the files of a root file system.

            EXAMPLES:
              devbox image import debian-12-genericcloud-amd64.qcow2 --name debian-cloud
              devbox image import noble-server-cloudimg-amd64.img --name noble --trusted
              devbox image import overlay.qcow2 --name old-bug --flatten
              devbox image import appliance.ova --name appliance --convert
              devbox image import rootfs.tar.xz --name container --convert
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The disk.", completion: .file())
    var file: String

    @Option(help: "The image's name.")
    var name: String

    @Flag(help: "Make one disk of it and its backing file, which must lie beside it and which you trust.")
    var flatten = false

    @Flag(help: "Convert and unpack what is no raw and no qcow2 disk.")
    var convert = false

    @Flag(
        help: ArgumentHelp(
            "Let the host's kernel mount it, as of a disk whose maker you trust.",
            discussion:
                "Without it stopped guests on it are worked on in the appliance; `devbox image trust` says it later."))
    var trusted = false

    func run() throws {
        let clock = ContinuousClock.now
        let path = Files.currentDirectory.pushing(FilePath(file)).lexicallyNormalized()
        let importer = ImageImporter(
            try ImageStore(options.workToBegin()), runner: options.runner, templates: try options.templates())
        let bars = SharedBars(options.console)
        defer { bars.clear() }
        let record = try importer.importDisk(
            path, as: name, flatten: flatten, convert: convert, trusted: trusted, command: typedCommand,
            progress: bars.show)
        bars.clear()
        let kernel = record.kernels.first.map { "kernel \($0.version)" } ?? "no kernel: it runs as a container only"
        options.console.say(
            "\(name): imported in \(seconds(since: clock)): \(record.release.prettyName), \(record.architecture.rawValue), \(kernel)"
        )
        if !trusted {
            options.console.say(
                "\(name): not trusted: stopped guests on it are worked on in the appliance (`devbox image trust \(name)`)"
            )
        }
        for part in record.root.elsewhere ?? [] { options.console.warn("\(name): \(part.words)") }
        for kernel in record.kernels {
            guard let obstacle = kernel.obstacle else { continue }
            options.console.warn("\(name): \(kernel.version) cannot start as a virtual machine: \(obstacle)")
        }
        if options.json { try options.print(ImageReport(record), "") }
    }
}
