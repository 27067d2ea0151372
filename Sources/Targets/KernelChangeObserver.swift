/// What has to follow when a stopped guest's kernels change: the initrds that dumps are saved with, say.
///
/// Who installs kernels knows none of those that follow. They are handed to it, and called within its transaction.
public protocol KernelChangeObserver: Sendable {
    /// Follows a change. The record and boot/ have the kernels already that the disk has now.
    ///
    /// - Parameter change: the transaction that goes on; what is changed in it is committed with the kernels.
    /// - Returns: what the user is to know.
    /// - Throws: where the kernels are not to stay: the whole change is undone.
    func kernelsChanged(in change: GuestChange) throws -> [String]
}
