import DevboxCore
import Glibc
import HostTools

/// QEMU itself crashed: a failure of the host, and no finding about the guest.
struct MachineCrash: ReportableError {
    /// The signal that ended it.
    let signal: Int32

    init(signal: Int32) { self.signal = signal }

    /// Nil for an end that is none.
    init?(_ status: ExitStatus?) {
        guard case .signalled(let signal)? = status, [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT].contains(signal) else {
            return nil
        }
        self.signal = signal
    }

    var exitCode: ExitCode { .failure }

    var message: String {
        "QEMU itself crashed (signal \(signal), \(strsignal(signal).map { String(cString: $0) } ?? "?"))"
    }

    var hint: String? { nil }
}
