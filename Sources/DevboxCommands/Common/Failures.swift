import DevboxCore

/// Failures of a command that does the same for several names: what one of them fails of does not keep the others from their turn.
struct Failures {
    private let console: Console
    private var last: (any ReportableError)?

    init(_ console: Console) { self.console = console }

    /// Runs `body` for a name, a file or a guest.
    ///
    /// - Throws: `interrupted` alone.
    mutating func collect(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as any ReportableError where error.exitCode != .interrupted {
            add(error)
        }
    }

    /// Notes a failure.
    mutating func add(_ error: any ReportableError) {
        if let last { console.report(last) }
        last = error
    }

    /// Throws the last failure, with which the command ends; the others have been told.
    func finish() throws {
        if let last { throw last }
    }
}
