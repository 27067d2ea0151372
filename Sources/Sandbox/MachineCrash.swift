import DevboxCore
import Glibc
import HostTools

/// QEMU itself crashed: a failure of the host, and no finding about the guest.
package struct MachineCrash: ReportableError {
    /// The signal that ended it.
    package let signal: Int32

    package init(signal: Int32) { self.signal = signal }

    /// Nil for an end that is none.
    package init?(_ status: ExitStatus?) {
        guard case .signalled(let signal)? = status, [SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGABRT].contains(signal) else {
            return nil
        }
        self.signal = signal
    }

    package var exitCode: ExitCode { .failure }

    package var message: String {
        "QEMU itself crashed (signal \(signal), \(strsignal(signal).map { String(cString: $0) } ?? "?"))"
    }

    package var hint: String? { nil }
}
