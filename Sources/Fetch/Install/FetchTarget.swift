import DevboxCore
import Guests
import HostTools
import Installing
import SystemPackage

/// A guest that fetched packages are put into, started or stopped: a .deb as `devbox install` does, a tar.xz at its own paths.
public struct FetchTarget: Sendable {
    /// The guest.
    public let guest: GuestRecord
    private let store: GuestStore
    private let runner: Runner
    private let options: PackageInstaller.Options

    /// - Parameters:
    ///   - guest: the guest's record.
    ///   - store: the guests of the work directory.
    ///   - runner: runs what the host does for it.
    ///   - options: how packages are installed.
    public init(_ guest: GuestRecord, in store: GuestStore, runner: Runner, options: PackageInstaller.Options) {
        (self.guest, self.store, self.runner, self.options) = (guest, store, runner, options)
    }

    /// What the guest can take, the best first.
    public var formats: [PackageFormat] {
        ["debian", "ubuntu"].contains(guest.release.id) ? [.deb, .tarXZ] : [.tarXZ]
    }

    /// Installs fetched packages; all .debs among them at once.
    ///
    /// - Returns: those that were installed. Debug packages are not: a guest has no use for its kernel's;
    ///   `devbox install-kernel --debug` has.
    /// - Throws: `badInput` where a file is not what was fetched any more, or holds what it must not.
    public func install(_ records: [PackageRecord]) throws -> [PackageRecord] {
        let packages = PackageStore(store.work)
        let wanted = records.filter { !$0.package.hasSuffix("-dbg") && !$0.package.hasSuffix("-dbgsym") }
        let debs = try wanted.filter { $0.format == .deb }.map { record in
            let file = try PackageFile(packages.path(record))
            guard file.digest == record.sha256 else { throw Self.changed(record) }
            return file
        }
        if !debs.isEmpty {
            _ = try GuestPackageInstaller(store, runner: runner, options: options).install(debs, in: guest.name)
        }
        let installer = TarballInstaller(store, runner: runner, options: options, purpose: "fetch --install")
        for record in wanted where record.format == .tarXZ {
            try installer.install(Self.tarball(record, in: packages), in: guest.name)
        }
        return wanted
    }

    private static func tarball(_ record: PackageRecord, in packages: PackageStore) -> Tarball {
        Tarball(
            name: record.package, version: record.packageVersion, architecture: record.architecture.rawValue,
            digest: record.sha256, path: packages.path(record)
        ) {
            guard let file = try packages.open(record) else { throw changed(record) }
            return file
        }
    }

    private static func changed(_ record: PackageRecord) -> Failure {
        Failure(
            .badInput, "\(record.path) is not what was fetched any more",
            hint: "`devbox fetch \(record.package)` brings it anew")
    }
}
