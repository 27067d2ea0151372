import ArgumentParser
import DevboxCore
import Fetch
import Guests
import HostTools
import Images
import Sandbox
import Settings
import Targets
import Templates

/// What every command takes.
struct GlobalOptions: ParsableArguments {
    @Option(
        name: .customLong("work"),
        help: ArgumentHelp("The work directory.", discussion: "Default: $DEVBOX_WORK, else ~/devbox."),
        completion: .directory)
    var workDirectory: String?

    @Flag(name: .long, help: "Report as JSON on standard output.")
    var json = false

    @Flag(name: .shortAndLong, help: "Print each external command as a line that can be pasted into a shell.")
    var verbose = false

    @Flag(name: .shortAndLong, help: "Print no messages but errors and warnings.")
    var quiet = false

    /// Where messages go.
    var console: Console {
        Console(level: quiet ? .quiet : verbose ? .verbose : .normal, environment: Self.environment)
    }

    /// Read once: some commands have a message for each of a thousand things.
    private static let environment = Command.inheritedEnvironment

    var runner: Runner { Runner(console: console) }

    /// The work directory.
    func work() throws -> WorkDirectory {
        try WorkDirectory(given: workDirectory, environment: Command.inheritedEnvironment, mayMake: false)
    }

    /// The work directory for commands that one may begin with: made where it is missing.
    func workToBegin() throws -> WorkDirectory {
        try WorkDirectory(given: workDirectory, environment: Command.inheritedEnvironment)
    }

    func templates() throws -> Templates {
        Templates(try work())
    }

    /// A work directory's devbox.yaml, with the sections of all modules that have one.
    func settings(of work: WorkDirectory) throws -> Settings { try Settings(work, sections: [.sources, .sandbox]) }

    /// What stopped guests are worked on in.
    ///
    /// - Parameter wanted: what `--in` says; nil where the command does not have it.
    func sandboxes(in wanted: SandboxKind?, of work: WorkDirectory) throws -> SandboxPolicy {
        try SandboxPolicy(wanted: wanted, settings(of: work))
    }

    /// The guests for a command that works on no stopped one's disk: devbox.yaml is not read, and what is wrong in it keeps nobody from it.
    func guests() throws -> GuestStore { GuestStore(try work()) }

    /// The guests for a command that works on a stopped one's disk.
    ///
    /// - Parameter wanted: what `--in` says; nil where the command does not have it.
    func guests(in wanted: SandboxKind?) throws -> GuestStore {
        let work = try work()
        return GuestStore(work, sandboxes: try sandboxes(in: wanted, of: work))
    }

    func targets(in wanted: SandboxKind?) throws -> GuestTargets {
        GuestTargets(try guests(in: wanted), runner: runner)
    }

    func images() throws -> ImageStore { ImageStore(try work()) }

    /// Prints a report: as JSON, or as the text for people.
    func print(_ report: some Encodable, _ text: @autoclosure () -> String) throws {
        if json {
            Console.write(String(decoding: try RecordFile.json(report), as: UTF8.self), to: 1)
        } else {
            let text = text()
            if !text.isEmpty { Console.print(text) }
        }
    }
}

/// The command line as it was typed, for records.
var typedCommand: String {
    (["devbox"] + CommandLine.arguments.dropFirst()).map(Command.quote).joined(separator: " ")
}
