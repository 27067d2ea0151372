import DevboxCore

/// The statuses of `exec` that are devbox's own.
public enum ExecStatus {
    /// What a failure to run a command says of the guest: a panic, a kernel that does not boot, and a hang are findings; everything else
    /// is an environment that did not come up.
    public static func of(_ error: any ReportableError) -> ExitCode {
        if case GuestError.bootFailed? = error as? GuestError { return .panicked }
        return switch error.exitCode {
        case .panicked, .timedOut: error.exitCode
        default: .environment
        }
    }

    /// A command's status for git bisect, which takes 125 for "skip" and ends at 128 and above: from a command, both are just bad.
    public static func bisect(_ status: Int32) -> Int32 { status >= 128 || status == 125 ? 1 : status }
}
