import DevboxCore

/// Why a program of the host did not do what it was run for.
public enum HostToolError: ReportableError {
    /// The host does not have it.
    case missing(Program)
    /// It could not be started.
    case notStarted(Program, reason: String)
    /// It ended with another status than 0; `complaint` is the line of its stderr that says why.
    case failed(Program, ExitStatus, complaint: String)
    /// It did not end in time, and was ended.
    case timedOut(Program, Duration)

    /// `missing` for a program that is not installed, `busy` where trying again helps, else 1.
    public var exitCode: ExitCode {
        switch self {
        case .missing: .missing
        case .failed(_, _, let complaint) where ToolReason(complaint).isTransient: .busy
        case .notStarted, .failed, .timedOut: .failure
        }
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

    /// What to install, to make room for, or to wait for.
    public var hint: String? {
        switch self {
        case .missing(let program): "apt-get install \(program.package)"
        case .failed(_, _, let complaint) where complaint.contains("No space left"):
            "free some space on that file system, and run the command again"
        case .failed(_, _, let complaint): ToolReason(complaint).advice
        default: nil
        }
    }
}
