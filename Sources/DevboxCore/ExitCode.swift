/// The statuses that devbox ends with; numbers of sysexits.h where one fits.
public enum ExitCode: Int32, Sendable, Codable {
    /// Failed for a reason outside devbox: a program, the host, the network.
    case failure = 1
    /// `kdump-status`: a panic would leave no dump. What `systemctl is-active` says "no" with.
    case notReady = 3
    /// Wrong usage (EX_USAGE).
    case usage = 64
    /// Damaged or malicious input: a package, a disk, a dump, an index (EX_DATAERR).
    case badInput = 65
    /// No such guest, image, package or file (EX_NOINPUT).
    case notFound = 66
    /// A program or a feature of the host is missing (EX_UNAVAILABLE).
    case missing = 69
    /// It exists already (EX_CANTCREAT).
    case exists = 73
    /// Another devbox holds it: try again (EX_TEMPFAIL).
    case busy = 75
    /// Needs root (EX_NOPERM).
    case needsRoot = 77
    /// `exec`: the guest's kernel panicked meanwhile.
    case panicked = 121
    /// `exec` and `wait`: the time limit passed.
    case timedOut = 122
    /// `exec`: the environment could not be brought up; `git bisect run` skips on it.
    case environment = 125
    /// Ended by Ctrl-C, as shells report it.
    case interrupted = 130
}
