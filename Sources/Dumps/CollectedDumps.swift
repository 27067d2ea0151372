import Crash
import DevboxCore

/// What became of the dumps that a guest has.
public struct CollectedDumps: Sendable {
    /// Those that came into the store now.
    public internal(set) var added: [StoredDump] = []
    /// Those that did not, and why.
    public internal(set) var refused: [RefusedDump] = []
    /// The paths in the guest of those that were removed there.
    public internal(set) var removed: [String] = []
    /// Why its dumps may be elsewhere: its settings send them to another machine, say. Sentences, fit to be shown.
    public internal(set) var obstacles: [String] = []
    /// Why they could not be removed there.
    public internal(set) var removalFailure: (any ReportableError)?

    /// What whoever wanted all of them has to be told: what could not be removed in the guest, and that some are missing.
    public var problems: [any ReportableError] {
        var problems = removalFailure.map { [$0] } ?? []
        if let first = refused.first {
            let files = refused.count == 1 ? "a file" : "\(refused.count) files"
            problems.append(
                Failure(
                    first.exitCode, "\(files) of \(first.guest) could not be brought out",
                    hint: "the warnings say why; what else there was is in the store"))
        }
        return problems
    }
}

/// What came of looking for the dumps of one of several guests.
public enum GuestCollection: Sendable {
    /// It was looked at.
    case dumps(CollectedDumps)
    /// It could not be looked at: it is busy, does not answer, or its disk is damaged.
    case failure(any ReportableError)
}
