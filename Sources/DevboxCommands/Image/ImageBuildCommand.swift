import ArgumentParser
import DevboxCore
import FoundationEssentials
import Images
import Templates
import HostTools

struct ImageBuildCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "build", abstract: "Make a base image from the distribution's packages.",
        discussion: """
            The packages come from the machine's own apt sources. The same packages give the same disk, byte for byte. Needs \
            root, or a host on which mmdebstrap's unshare mode works.

            EXAMPLES:
              sudo devbox image build                   the host's release, architecture
              sudo devbox image build --suite bookworm --arch arm64
              sudo devbox image build fs-tests --include xfsprogs,fio --size 20G
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The image's name; without it SUITE-ARCH.")
    var name: String?

    @Option(help: "The release; without it the host's.")
    var suite: String?

    @Option(help: "The architecture: \(Architecture.list). Without it the host's.")
    var arch: Architecture?

    @Option(help: ArgumentHelp("The disk's size; it takes up only what is in it.", valueName: "size"))
    var size: Size = Size(bytes: 8 << 30)

    @Option(help: ArgumentHelp("Further packages, with commas between them.", valueName: "packages"))
    var include: String?

    @Option(
        help: ArgumentHelp(
            "The archive to take the packages from, instead of the machine's own sources.", valueName: "address"))
    var mirror: String?

    func validate() throws {
        if size.bytes < 2 << 30 || size.bytes % (1 << 20) != 0 {
            throw ValidationError("--size: at least 2G, in whole M")
        }
    }

    func run() throws {
        let clock = ContinuousClock.now
        guard let suite = suite ?? Release.host?.codename else {
            throw Failure(.usage, "the host's release is not known", hint: "name one with --suite")
        }
        guard suite.allSatisfy({ $0.isLetter || $0.isNumber || "-.".contains($0) }) else {
            throw Failure(.usage, "'\(Names.printable(suite))' is no name of a release")
        }
        guard let architecture = arch ?? Architecture.host else {
            throw Failure(
                .usage, "devbox knows no images of the host's architecture",
                hint: "name one of \(Architecture.list) with --arch")
        }
        let name = name ?? "\(suite)-\(architecture.rawValue)"
        let work = try options.workToBegin()
        let recipe = ImageRecipe(
            suite: suite, architecture: architecture, size: size.bytes,
            include: include?.split(separator: ",").map(String.init) ?? [], mirror: mirror)
        let builder = ImageBuilder(
            ImageStore(work), runner: options.runner,
            templates: try options.templates())
        let record = try builder.build(name, recipe, command: typedCommand) { options.console.say("\(name): \($0)") }
        options.console.say(
            "\(name): built in \(seconds(since: clock)), kernel \(record.kernels.first?.version ?? "none")")
        if options.json { try options.print(ImageReport(record), "") }
    }
}

extension Size {
    init(bytes: Int64) { self.bytes = bytes }
}
