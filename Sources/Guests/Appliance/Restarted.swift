import DevboxCore

/// A guest's own kernel ended without a panic: its command, or a fault that the kernel did not survive to tell of, has restarted it.
package struct Restarted: ReportableError {
    let guest: String
    let reason: String

    /// Nobody knows whose fault it is.
    package var exitCode: ExitCode { .environment }
    package var message: String { "the kernel of \(guest) ended without a panic: \(Names.printable(reason))" }
    package var hint: String? { "all of its console is in guests/\(guest)/console.log of the work directory" }
}
