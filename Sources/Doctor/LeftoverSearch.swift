import DevboxCore
import Guests
import HostTools
import Stores

/// Asks all who know what killed devboxes leave in a work directory.
public struct LeftoverSearch: LeftoverReporting {
    private let reporters: [any LeftoverReporting]

    /// - Parameters:
    ///   - work: the work directory.
    ///   - runner: runs what puts a guest right.
    public init(_ work: WorkDirectory, runner: Runner) {
        reporters =
            [AbandonedFolders(in: work.images), GuestLeftovers(GuestStore(work), runner: runner)]
            + work.storeLeftovers
    }

    /// All that they know.
    public func leftovers(cleaning: Bool) throws -> [Leftover] {
        try reporters.flatMap { try $0.leftovers(cleaning: cleaning) }
    }
}
