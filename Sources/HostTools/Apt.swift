import DevboxCore
import SystemPackage

/// apt-get(8): asked for what the machine is configured with, or run on a tree of its own.
public enum AptGet {
    /// apt-get(8), where the host has it.
    public static let program = Program(
        "apt-get", package: "apt", for: "the machine's own package sources, and what packages of guests depend on")

    /// A line for each index of packages: address, release, component.
    public static let sources = Command(
        program,
        ["indextargets", "--format", "$(REPO_URI) $(RELEASE) $(COMPONENT) $(SIGNED_BY)", "Identifier: Packages"])

    /// What stands in front of each entry that `indexes` prints.
    public static let mark = "devbox-index:"
    /// An entry for each index of packages, with tabs: file, address, release, component, architecture, and the
    /// file of sources.list(5) that names it, with a line behind a colon. What apt has not fetched yet is left out.
    public static let indexes = Command(
        program,
        [
            "indextargets", "--format",
            "\(mark)$(FILENAME)\t$(REPO_URI)\t$(RELEASE)\t$(COMPONENT)\t$(ARCHITECTURE)\t$(SOURCESENTRY)",
            "Identifier: Packages",
        ])

    /// Fetches the lists of packages.
    public static func update(_ tree: AptConfiguration) -> Command { tree.run(["-q", "update"]) }

    /// Prints, a line each, what is missing to what dpkg's status has unpacked: address, file name, size and digest. Nothing is ever
    /// to be removed for it.
    ///
    /// - Parameter archives: a folder without packages; those that are there already would not be printed.
    public static func missing(_ tree: AptConfiguration, archives: FilePath) -> Command {
        tree.run(["-qq", "-o", "Dir::Cache::archives=\(archives)/", "--print-uris"] + fix)
    }

    /// Fetches what is missing, and checks it against the lists.
    public static func download(_ tree: AptConfiguration) -> Command { tree.run(["-q", "--download-only"] + fix) }

    /// Says why packages cannot be installed.
    public static func explain(_ tree: AptConfiguration, _ names: [String]) -> Command {
        tree.run(["-q", "--simulate", "--yes", "--no-remove", "install", "--"] + names)
    }

    private static let fix = ["--yes", "--no-remove", "--no-install-recommends", "--fix-broken", "install"]
}

/// Programs of apt's on another tree than the machine's, and without its settings; see apt.conf(5).
public struct AptConfiguration: Sendable, Equatable {
    /// A file that sets Dir, and Dir::Etc::main and Dir::Etc::parts to nothing.
    public var file: FilePath
    /// Where temporary files go.
    public var temporary: FilePath

    /// Programs that read `file` in place of /etc/apt, and have `temporary` as their home and for what they write beside it.
    public init(file: FilePath, temporary: FilePath) { (self.file, self.temporary) = (file, temporary) }

    fileprivate func run(_ arguments: [String]) -> Command {
        Command(
            AptGet.program, arguments,
            environment: ["APT_CONFIG": file.string, "TMPDIR": temporary.string, "HOME": temporary.string])
    }
}

/// apt-config(8).
public enum AptConfig {
    /// apt-config(8), where the host has it.
    public static let program = Program("apt-config", package: "apt", for: "the proxy that apt uses on this machine")

    /// Prints the machine's settings, a line each.
    public static let dump = Command(program, ["dump"])
}
