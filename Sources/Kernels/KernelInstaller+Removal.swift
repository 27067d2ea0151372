import DevboxCore
import Disks
import Guests
import Installing
import Targets

extension KernelInstaller {
    /// Removes older kernels than those just installed, but the newest `count` of them. The one that starts next is none of them.
    ///
    /// - Returns: the versions that are gone, and sentences of those that had to stay.
    static func removeOld(
        _ count: Int?, besides new: [String], _ installer: PackageInstaller, in change: GuestChange
    ) throws -> (removed: [String], remarks: [String]) {
        guard let count else { return ([], []) }
        let old = change.record.kernels.map(\.version).filter {
            !new.contains($0) && $0 != change.record.defaultKernel
        }
        let surplus = old.dropFirst(count)
        if surplus.isEmpty { return ([], []) }
        let packages = try KernelPackages(on: change.openRoot(), change.record.architecture)
        let staying = change.record.kernels.map(\.version).filter { !surplus.contains($0) }
        let (removed, remarks) = packages.removable(Array(surplus), keeping: staying)
        if !removed.isEmpty { try purge(removed, of: packages, installer, in: change) }
        return (removed, remarks)
    }

    /// Purges the packages of kernels, and sees that these kernels are gone, and no other.
    static func purge(
        _ versions: [String], of packages: KernelPackages, _ installer: PackageInstaller, in change: GuestChange
    ) throws {
        let staying = change.record.kernels.map(\.version).filter { !versions.contains($0) }
        let purged = try packages.removed(with: versions, keeping: staying)
        let before = try installedNames(in: change)
        try installer.purge(purged, in: change)
        // What depended on them went too.
        let gone = before.subtracting(try installedNames(in: change))
        change.record.packages?.removeAll { gone.contains($0.name) }
        // Where the guest has no hook that does it, they fill its disk, and a later kernel of that version would start with them.
        try OwnInitrds.remove(OwnInitrds(on: change.openRoot()).paths(of: versions), in: change)
        try change.refreshKernels()
        let left = change.record.kernels.map(\.version)
        for version in versions where left.contains(version) {
            throw Failure(.failure, "the kernel \(version) is still there after its packages were removed")
        }
        for version in staying where !left.contains(version) {
            throw Failure(
                .failure,
                "with the packages of \(versions.joined(separator: ", ")) the kernel \(version) would go too; nothing was changed",
                hint:
                    "its package depends on them: \(gone.sorted().prefix(12).map { Names.printable($0) }.joined(separator: ", "))"
            )
        }
    }

    private static func installedNames(in change: GuestChange) throws -> Set<String> {
        let status = try GuestPackages.status(change.openRoot())
        return try Set(GuestPackages.read(status, architecture: change.record.architecture).packages.map(\.name))
    }
}
