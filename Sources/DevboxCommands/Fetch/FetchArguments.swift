import ArgumentParser
import DevboxCore
import Fetch
import Images

/// A date as typed: `latest`, `today`, `yesterday`, `2026-11-03`, `3 days ago`.
struct DateArgument: ExpressibleByArgument {
    let choice: DateChoice

    init?(argument: String) {
        guard let choice = DateChoice(argument) else { return nil }
        self.choice = choice
    }
}

/// An architecture by any of its names.
struct ArchitectureArgument: ExpressibleByArgument {
    let architecture: Architecture

    init?(argument: String) {
        guard let architecture = Architecture(alias: argument.lowercased()) else { return nil }
        self.architecture = architecture
    }

    static var allValueStrings: [String] { Architecture.allCases.map(\.rawValue) }
}

extension PackageFormat: ExpressibleByArgument {}

/// Which builds of a package are wanted.
struct BuildArguments: ParsableArguments {
    @Option(help: "The architecture, by any of its names (amd64, x86_64, …). Without it the guest's, else the host's.")
    var arch: ArchitectureArgument?

    @Option(
        help: ArgumentHelp(
            "The newest build not after a day in UTC: latest, today, yesterday, 2026-11-03, \"3 days ago\"."))
    var date: DateArgument?

    @Flag(help: "A build of that very day, and no older one.")
    var exact = false

    @Option(help: "This version only.")
    var version: String?

    @Option(help: "This format only: \(PackageFormat.list).")
    var format: PackageFormat?

    @Option(help: "The source to take it from; one of devbox.yaml, or apt.")
    var source: String?

    @Option(help: "The release, for sources that are divided by it. Without it the guest's, else the host's.")
    var suite: String?

    @Option(help: "Built for this kernel only.")
    var kernelVersion: String?

    func validate() throws {
        if exact, date?.choice.limit == nil { throw ValidationError("--exact needs a day: --date DAY") }
        if let suite, suite.isEmpty || !suite.allSatisfy({ $0.isLetter || $0.isNumber || "-./".contains($0) }) {
            throw ValidationError("'\(Names.printable(suite))' is no name of a release")
        }
    }

    /// The question that they are.
    func query(_ package: String, guest: (architecture: Architecture, suite: String?)?) throws -> BuildQuery {
        if let guest, let arch, arch.architecture != guest.architecture {
            throw Failure(.usage, "the guest is \(guest.architecture.rawValue), not \(arch.architecture.rawValue)")
        }
        guard let architecture = arch?.architecture ?? guest?.architecture ?? Architecture.host else {
            throw Failure(
                .usage, "the host's architecture is none of \(Architecture.list)", hint: "name one with --arch")
        }
        var query = BuildQuery(package: package, architecture: architecture)
        query.notAfter = date?.choice.limit
        query.isExact = exact
        query.version = version
        query.format = format
        query.suite = suite ?? guest?.suite ?? Release.host?.codename
        query.kernelVersion = kernelVersion
        return query
    }
}
