import DevboxCore

/// Why a vmcore, or something in it, cannot be read. The text stands behind "…: " or in a record.
public enum VmcoreError: ReportableError {
    /// It is no dump at all.
    case notADump(name: String, reason: String)
    /// Something that its headers speak of is behind its end.
    case cutOff(what: String)
    /// What it says cannot be so.
    case damaged(String)
    /// devbox does not read this kind.
    case unsupported(String)

    /// Always `badInput`: a dump comes from outside.
    public var exitCode: ExitCode { .badInput }

    /// What it is, and why it cannot be read.
    public var message: String {
        switch self {
        case .notADump(let name, let reason): "\(name) is no dump: \(reason)"
        case .cutOff(let what): "the dump is cut off: \(what) is behind its end"
        case .damaged(let defect): "the dump is damaged: \(defect)"
        case .unsupported(let what): what
        }
    }

    /// None: a dump that cannot be read cannot be mended.
    public var hint: String? { nil }
}
