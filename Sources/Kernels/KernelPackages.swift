import Guests
import Installing
import Packages
import Targets

/// Which packages of a guest hold which kernels.
enum KernelPackages {
    /// The packages that hold a kernel or modules of each version.
    static func owners(of versions: [String], in change: GuestChange) throws -> [String: [String]] {
        let root = try change.openRoot()
        let status = try GuestPackages.status(root)
        var owners: [String: [String]] = [:]
        // The name of a kernel's package has the version in it: Debian's, Ubuntu's image and modules, and bindeb-pkg's.
        for package in try GuestPackages.read(status, architecture: change.record.architecture).packages {
            guard let version = versions.first(where: { package.name.contains($0) }),
                package.name.hasPrefix("linux-image") || package.name.hasPrefix("linux-modules")
            else { continue }
            let files = try GuestPackages.files(of: package.name, in: change)
            let isKernel = files.contains {
                KernelFacts.imageVersion($0) == version || $0.contains("/modules/\(version)")
            }
            if isKernel { owners[version, default: []].append(package.name) }
        }
        return owners
    }
}
