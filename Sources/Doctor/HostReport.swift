import DevboxCore
import Glibc
import Guests
import HostTools
import Images
import Stores
import SystemPackage

/// What a host can do for devbox, and what killed devboxes left on it.
public struct HostReport: Sendable, Encodable {
    /// Whether the main job works: nothing that it needs is missing.
    public var isReady: Bool
    /// The programs of the host.
    public var programs: [Check]
    /// The features of the host.
    public var features: [Check]
    /// The Debian packages to install for all that is missing.
    public var packages: [String]
    /// The work directory; nil where there is none.
    public var workDirectory: String?
    /// The bytes in its cache, which can be deleted at any time.
    public var cacheBytes: Int64
    /// What killed devboxes left, whether cleaned away by now or not.
    public var leftovers: [Leftover]

    enum CodingKeys: String, CodingKey {
        case programs, features, packages, workDirectory, cacheBytes, leftovers
        case isReady = "ready"
    }

    /// Puts together what was found.
    ///
    /// - Parameters:
    ///   - programs: the checks of programs.
    ///   - features: the checks of the host's features.
    ///   - leftovers: what killed devboxes left.
    ///   - workDirectory: the work directory; nil where there is none.
    ///   - cacheBytes: the bytes in its cache.
    public init(
        programs: [Check], features: [Check], leftovers: [Leftover] = [], workDirectory: String? = nil,
        cacheBytes: Int64 = 0
    ) {
        self.programs = programs
        self.features = features
        self.leftovers = leftovers
        self.workDirectory = workDirectory
        self.cacheBytes = cacheBytes
        let missing = (programs + features).filter { $0.state == .missing }
        isReady = !missing.contains { $0.isNeeded }
        packages = Set(missing.flatMap(\.packages)).sorted()
    }

    /// Looks at the host and through the work directory.
    ///
    /// - Parameters:
    ///   - work: the work directory; nil where there is none. None is made.
    ///   - wantedWork: where it is, or would be.
    ///   - fix: whether leftovers are cleaned away.
    public static func gather(work: WorkDirectory?, wantedWork: FilePath, fix: Bool, runner: Runner) throws
        -> HostReport
    {
        // Leftovers first: whoever asks for the guests' names sweeps some of them on the way.
        let leftovers = try work.map { try LeftoverSearch($0, runner: runner).leftovers(cleaning: fix) } ?? []
        let needed = HostPrograms.needed(on: .host)
        let programs = needed + HostPrograms.optional(on: .host)
        let versions = try VersionQuery.ask(programs)
        let programChecks = zip(programs, versions).map { program, version in
            Check(
                program.name, program.path == nil ? .missing : .ok, for: program.purpose,
                isNeeded: needed.contains(program),
                version: version, path: program.path, packages: [program.package])
        }
        let facts = try HostFacts.gather(work: work, wantedWork: wantedWork, runner: runner)
        return HostReport(
            programs: programChecks, features: FeatureChecks.all(facts), leftovers: leftovers,
            workDirectory: work?.path.string,
            cacheBytes: work.map { Files.sizeOnDisk($0.cache) } ?? 0)
    }

    /// What is missing.
    ///
    /// - Parameter isNeeded: what the main job needs, or what only some commands need.
    public func missing(isNeeded: Bool) -> [Check] {
        (programs + features).filter { $0.state == .missing && $0.isNeeded == isNeeded }
    }

    /// The one line that installs what is missing; nil where no package would help.
    public static func installLine(_ missing: [Check]) -> String? {
        let packages = Set(missing.flatMap(\.packages)).sorted()
        return packages.isEmpty ? nil : "apt-get install \(packages.joined(separator: " "))"
    }
}
