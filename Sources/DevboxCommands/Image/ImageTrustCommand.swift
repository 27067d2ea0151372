import ArgumentParser
import DevboxCore
import Images

struct ImageTrustCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "trust", abstract: "Let the host's kernel mount an image's disk, and those of the guests on it.",
        discussion: """
            A file system that somebody prepared can do harm to the kernel that mounts it. Images that `devbox image build` made are \
            trusted; imported ones are where `--trusted` said so. Stopped guests on any other are worked on in the appliance, a virtual \
            machine, also for root. It is a default: --in and devbox.yaml count first.

            EXAMPLES:
              devbox image trust debian-cloud
              devbox image trust debian-cloud --undo
            """)

    @OptionGroup var options: GlobalOptions

    @Argument(help: "The image.", completion: NameCompletion.images)
    var image: String

    @Flag(help: "Take it back, also of an image that was built.")
    var undo = false

    func run() throws {
        let record = try options.images().setTrust(of: image, to: !undo)
        options.console.say("\(image): \(record.origin.isTrusted ? "trusted" : "not trusted any more")")
        if options.json { try options.print(ImageReport(record), "") }
    }
}
