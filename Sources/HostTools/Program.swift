import DevboxCore
import Glibc
import SystemPackage

/// A program of the host that devbox runs: where it is, and what to install for it.
public struct Program: Sendable, Hashable {
    /// Its name, or an absolute path.
    public let name: String
    /// The Debian package that holds it.
    public let package: String
    /// What devbox needs it for.
    public let purpose: String

    /// - Parameters:
    ///   - name: the program's name, or an absolute path.
    ///   - package: the Debian package that holds it.
    ///   - purpose: what devbox needs it for.
    public init(_ name: String, package: String, for purpose: String) {
        self.name = name
        self.package = package
        self.purpose = purpose
    }

    /// The folders that programs are looked for in: PATH, and those of the system's that an ordinary user's PATH lacks.
    public static let searchPath: [String] = {
        let own = (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":").map(String.init)
        let more = [
            "/usr/local/sbin", "/usr/local/bin", "/usr/sbin", "/usr/bin", "/sbin", "/bin", "/usr/lib/qemu",
            "/usr/libexec",
        ]
        return own.filter { $0.hasPrefix("/") } + more.filter { !own.contains($0) }
    }()

    /// Its absolute path; nil where the host does not have it.
    public var path: String? {
        if name.hasPrefix("/") { return access(name, X_OK) == 0 ? name : nil }
        return Self.searchPath.lazy.map { "\($0)/\(name)" }.first { access($0, X_OK) == 0 }
    }

    /// Its absolute path, or an error that says what to install.
    public func find() throws -> String {
        guard let path else { throw HostToolError.missing(self) }
        return path
    }
}

/// Why a program of the host did not do what it was run for.
public enum HostToolError: ReportableError {
    /// The host does not have it.
    case missing(Program)
    /// It could not be started.
    case notStarted(Program, reason: String)
    /// It ended with another status than 0; `complaint` is what it last wrote to stderr.
    case failed(Program, ExitStatus, complaint: String)
    /// It did not end in time, and was ended.
    case timedOut(Program, Duration)

    /// `missing` for a program that is not installed, else 1.
    public var exitCode: ExitCode {
        if case .missing = self { .missing } else { .failure }
    }

    /// Which program, how it ended, and what it said.
    public var message: String {
        switch self {
        case .missing(let program): "the program \(program.name) is not installed; it is needed for \(program.purpose)"
        case .notStarted(let program, let reason): "\(program.name) could not be started: \(reason)"
        case .failed(let program, let status, let complaint):
            complaint.isEmpty ? "\(program.name) \(status)" : "\(program.name) \(status): \(Names.printable(complaint))"
        case .timedOut(let program, let limit): "\(program.name) did not end within \(limit.inWords)"
        }
    }

    /// What to install, or to make room for.
    public var hint: String? {
        switch self {
        case .missing(let program): "apt-get install \(program.package)"
        case .failed(_, _, let complaint) where complaint.contains("No space left"):
            "free some space on that file system, and run the command again"
        default: nil
        }
    }
}

/// How a process ended.
public enum ExitStatus: Sendable, Equatable, CustomStringConvertible {
    case exited(Int32)
    case signalled(Int32)

    /// Whether it ended with status 0.
    public var isSuccess: Bool { self == .exited(0) }

    /// The status as a shell reports it: 128 and the signal's number for a process that a signal ended.
    public var shellStatus: Int32 {
        switch self {
        case .exited(let status): status
        case .signalled(let signal): 128 + signal
        }
    }

    /// The end as a sentence's predicate, for messages.
    public var description: String {
        switch self {
        case .exited(let status): "failed with status \(status)"
        case .signalled(let signal): "was ended by signal \(signal)"
        }
    }
}
