/// What is to be installed: the packages that were asked for, and those that they need and the guest does not have.
public struct CompletedPackages: Sendable {
    /// What was asked for.
    public let wanted: [PackageFile]
    /// What was downloaded for it; none where nothing is missing.
    public let downloaded: [PackageFile]

    /// - Parameters:
    ///   - wanted: what was asked for.
    ///   - downloaded: what was downloaded for it, in an order in which dpkg takes it.
    public init(wanted: [PackageFile], downloaded: [PackageFile] = []) {
        (self.wanted, self.downloaded) = (wanted, downloaded)
    }

    /// All of it in an order in which dpkg takes it: what is needed comes first.
    public var all: [PackageFile] { downloaded + wanted }
}
