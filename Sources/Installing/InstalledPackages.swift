/// Packages that were installed in a guest.
public struct InstalledPackages: Sendable {
    /// What was asked for, and what was downloaded for it.
    public let packages: CompletedPackages
    /// On the disk, as one transaction; else in the running guest, where dpkg may leave what fails halfway.
    public let isTransaction: Bool
}
