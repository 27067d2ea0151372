import DevboxCore

/// Why a guest does not do what it should.
public enum GuestError: ReportableError {
    /// It did not come up, for a reason outside of it.
    case notStarted(guest: String, reason: String, console: [String])
    /// Its kernel or its system did not come up: a finding about that kernel, and no failure of the host.
    case bootFailed(guest: String, fault: String, console: [String])
    /// Its kernel panicked.
    case panicked(guest: String, line: String)
    /// A command in it did not end in time.
    case timedOut(guest: String, limit: Duration)
    /// Its disk could not grow on the host, and its processors stand still until it can. `folder` is where it lies.
    case outOfSpace(guest: String, folder: String)
    /// Its disk could not grow on the host, and it was switched off for that. `folder` is where it lies.
    case switchedOff(guest: String, folder: String)
    /// What was waited for did not come in time.
    case notInTime(guest: String, occasion: String, limit: Duration)

    /// 1 for a start; `exec` has statuses of its own for these.
    public var exitCode: DevboxCore.ExitCode {
        switch self {
        case .notStarted, .bootFailed: .failure
        case .panicked: .panicked
        case .outOfSpace, .switchedOff: .busy
        case .timedOut, .notInTime: .timedOut
        }
    }

    /// With the console's last lines, where there are any.
    public var message: String {
        switch self {
        case .notStarted(let guest, let reason, let console), .bootFailed(let guest, let reason, let console):
            "the guest \(guest) did not start: \(reason)"
                + (console.isEmpty
                    ? ""
                    : "\nThe last lines of its console:\n"
                        + console.map { "  \(Names.printable($0))" }.joined(separator: "\n"))
        case .panicked(let guest, let line): "the kernel of \(guest) panicked: \(Names.printable(line))"
        case .outOfSpace(let guest, let folder):
            "the virtual machine \(guest) stands still: the host has no space left for its disk in \(folder)"
        case .switchedOff(let guest, let folder):
            "the virtual machine \(guest) was switched off: the host had no space left for its disk in \(folder)"
        case .timedOut(let guest, let limit): "the command in \(guest) did not end within \(limit.inWords)"
        case .notInTime(let guest, let occasion, let limit): "no \(occasion) of \(guest) came within \(limit.inWords)"
        }
    }

    /// Where all of the console is.
    public var hint: String? {
        switch self {
        case .notStarted(let guest, _, let console), .bootFailed(let guest, _, let console):
            console.isEmpty ? nil : "all of its console is in guests/\(guest)/console.log of the work directory"
        case .outOfSpace(let guest, _):
            "free some there: it goes on by itself then, and `devbox start \(guest)` waits for that; `devbox stop --force \(guest)` switches it off, and what it has not written is lost"
        case .switchedOff: "free some there, and try again: what it had not written is lost"
        default: nil
        }
    }

    /// The same of a guest that devbox then switched off: it does not go on by itself any more.
    public var ofSwitchedOff: GuestError {
        if case .outOfSpace(let guest, let folder) = self { return .switchedOff(guest: guest, folder: folder) }
        return self
    }

    /// Whether it tells of a kernel that does nothing any more, and need not be told to.
    public var standsStill: Bool {
        switch self {
        case .panicked, .outOfSpace: true
        default: false
        }
    }
}
