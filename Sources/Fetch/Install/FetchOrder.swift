import DevboxCore

/// Packages that are to be fetched, and the guest that they are for.
public struct FetchOrder: Sendable {
    /// A question for each package.
    public var queries: [BuildQuery]
    /// The only source to ask; nil for all of them.
    public var source: String?
    /// Whether the matching debug packages are to come too.
    public var withDebug: Bool
    /// Where to install them; nil for nowhere. Only what the guest can take is looked for.
    public var target: FetchTarget?
    /// Whether a file is taken that a list of digests beside it (SHA256SUMS) does not name.
    public var allowsUnlisted = false

    /// - Parameters:
    ///   - queries: a question for each package.
    ///   - source: the only source to ask; nil for all of them.
    ///   - withDebug: whether the matching debug packages are to come too.
    ///   - target: where to install them; nil for nowhere.
    public init(
        _ queries: [BuildQuery], source: String? = nil, withDebug: Bool = false, target: FetchTarget? = nil
    ) {
        (self.queries, self.source, self.withDebug, self.target) = (queries, source, withDebug, target)
    }
}

/// How far an order is.
public enum FetchStep {
    /// A build was found, and is fetched next.
    case found(Build)
    /// Downloads go on; told several times a second.
    case transfers([TransferProgress])
    /// All came that will. Where something failed, nothing is installed.
    case fetched([Fetcher.Fetched], failures: [any ReportableError])
    /// A package is installed in the guest.
    case installed(PackageRecord)
}

extension Fetcher {
    /// Finds, fetches and installs what an order asks for.
    ///
    /// - Parameter tell: is told of each step; what it throws ends the order there.
    /// - Returns: what was fetched, or was there already.
    /// - Throws: `FetchError.noBuild` before anything is fetched; what one of the packages failed of, once the others are there.
    @discardableResult
    public func bring(_ order: FetchOrder, tell: (FetchStep) throws -> Void = { _ in }) throws -> [Fetched] {
        var builds: [Build] = []
        for query in order.queries {
            builds += try find(
                query, source: order.source, formats: order.target?.formats ?? PackageFormat.allCases,
                withDebug: order.withDebug)
        }
        // Named twice, or as the debug package of another one: a file comes once.
        var seen: Set<Address> = []
        builds = builds.filter { seen.insert($0.address).inserted }
        for build in builds { try tell(.found(build)) }
        // Progress is shown and no reason to end a transfer.
        let results = try fetch(builds, allowingUnlisted: order.allowsUnlisted) { try? tell(.transfers($0)) }
        var fetched: [Fetched] = []
        var failures: [any ReportableError] = []
        for result in results {
            switch result {
            case .success(let file): fetched.append(file)
            case .failure(let error): failures.append(error)
            }
        }
        try tell(.fetched(fetched, failures: failures))
        if let failure = failures.last { throw failure }
        for record in try order.target?.install(fetched.map(\.record)) ?? [] { try tell(.installed(record)) }
        return fetched
    }
}
