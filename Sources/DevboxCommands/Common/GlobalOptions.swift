import ArgumentParser
import DevboxCore
import Fetch
import Guests
import HostTools
import Images
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
    func settings(of work: WorkDirectory) throws -> Settings { try Settings(work, sections: [.sources]) }

    func guests() throws -> GuestStore { GuestStore(try work()) }

    func targets() throws -> GuestTargets { GuestTargets(try guests(), runner: runner) }

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
