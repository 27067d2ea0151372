import Boot
import DevboxCore
import Disks
import FoundationEssentials
import Guests
import HostTools
import Installing
import Kdump
import Packages

/// Puts kernels into stopped guests' disks, and takes them out again.
public struct KernelInstaller: Sendable {
    private let store: GuestStore
    private let runner: Runner

    /// Works on the guests of a work directory.
    public init(_ store: GuestStore, runner: Runner) {
        self.store = store
        self.runner = runner
    }

    /// What the user may choose about an installation.
    public struct Options: Sendable {
        /// How the packages are installed.
        public var packages: PackageInstaller.Options
        /// Further arguments for the guest's kernels, in place of those it has; nil leaves them.
        public var kernelArguments: [String]?
        /// How many kernels stay beside the new ones; nil for all.
        public var keepOld: Int?
        /// The version that starts next; nil for the newest of those installed now.
        public var defaultKernel: String?

        /// Each parameter is the property of that name.
        public init(
            packages: PackageInstaller.Options, kernelArguments: [String]? = nil, keepOld: Int? = nil,
            defaultKernel: String? = nil
        ) {
            (self.packages, self.kernelArguments, self.keepOld) = (packages, kernelArguments, keepOld)
            self.defaultKernel = defaultKernel
        }
    }

    /// What was installed.
    public struct Outcome: Sendable {
        /// The versions of the kernels in the packages, newest first.
        public let installed: [String]
        /// The versions that were removed.
        public let removed: [String]
        /// What was downloaded for the packages.
        public let downloaded: [PackageFile]
        /// What the user is to know of a guest that is armed: a kernel that cannot leave a dump, say.
        public let warnings: [String]
        /// The guest as it is now.
        public let record: GuestRecord
    }

    /// Installs kernel packages: done as a whole, or nothing is changed.
    ///
    /// - Throws: `badInput` where no package holds a kernel, or one holds what it must not.
    public func install(_ given: [PackageFile], in name: String, _ options: Options) throws -> Outcome {
        var change = try OfflineChange(
            name, for: "install-kernel", in: store, otherwise: "with --restart it is stopped and started again",
            runner: runner)
        let installer = PackageInstaller(store.work, runner: runner, options: options.packages)
        let files = try installer.check(given, for: change)
        return try change.transact { change in
            try installer.install(files, in: &change)
            try change.refreshKernels()
            let installed = try Self.versions(of: files, in: change)
            guard let newest = installed.first else {
                throw Failure(
                    .badInput, "there is no kernel in \(files.map(\.package.name).joined(separator: ", "))",
                    hint: "`devbox install` installs other packages")
            }
            change.record.defaultKernel = try Self.choose(options.defaultKernel, newest, of: change.record)
            if let arguments = options.kernelArguments { change.record.kernelArguments = arguments }
            var removed: [String] = []
            if let keep = options.keepOld {
                let old = change.record.kernels.map(\.version).filter {
                    !installed.contains($0) && $0 != change.record.defaultKernel
                }
                removed = Array(old.dropFirst(keep))
                if !removed.isEmpty { try Self.purge(removed, installer, in: &change) }
            }
            let warnings = try KdumpArmer(store, runner: runner).refresh(in: &change)
            return Outcome(
                installed: installed, removed: removed, downloaded: Array(files.dropLast(given.count)),
                warnings: warnings, record: change.record)
        }
    }

    /// Changes which kernel starts next, and with what arguments. Needs no root.
    ///
    /// - Parameters:
    ///   - version: the kernel; nil for the one that it is.
    ///   - kernelArguments: the guest's further arguments; nil for those that it has.
    /// - Returns: the guest's record then.
    public func choose(_ version: String?, kernelArguments: [String]?, of name: String) throws -> GuestRecord {
        var edit = try DiskEdit(name, for: "install-kernel", in: store, runner: runner)
        try edit.refreshKernels()
        if let version {
            guard edit.record.kernels.contains(where: { $0.version == version }) else {
                throw Self.missing(version, in: edit.record)
            }
            edit.record.defaultKernel = version
        }
        if let kernelArguments { edit.record.kernelArguments = kernelArguments }
        try edit.transact { _ in }
        return edit.record
    }

    /// Removes a kernel with its packages.
    ///
    /// - Parameters:
    ///   - version: which, as `uname -r` says it.
    ///   - force: whether it may be the last one.
    public func remove(_ version: String, from name: String, force: Bool, _ options: PackageInstaller.Options) throws {
        var change = try OfflineChange(name, for: "remove-kernel", in: store, runner: runner)
        try change.refreshKernels()
        let versions = change.record.kernels.map(\.version)
        guard versions.contains(version) else { throw Self.missing(version, in: change.record) }
        guard versions.count > 1 || force else {
            throw Failure(
                .failure, "\(version) is the only kernel of \(name)", hint: "--force removes it all the same")
        }
        let installer = PackageInstaller(store.work, runner: runner, options: options)
        try change.transact { change in
            try Self.purge([version], installer, in: &change)
            _ = try KdumpArmer(store, runner: runner).refresh(in: &change)
        }
    }

    /// Purges the packages of kernels, and sees that the kernels are gone.
    private static func purge(
        _ versions: [String], _ installer: PackageInstaller, in change: inout OfflineChange
    ) throws {
        let owners = try KernelPackages.owners(of: versions, in: change)
        for version in versions where owners[version] == nil {
            throw Failure(
                .failure, "the kernel \(version) of \(change.record.name) belongs to no package",
                hint: "remove its files in the guest: devbox exec \(change.record.name) -- rm /boot/vmlinuz-\(version)")
        }
        let purged = Set(owners.values.flatMap { $0 })
        try installer.purge(purged.sorted(), in: &change)
        change.record.packages?.removeAll { purged.contains($0.name) }
        try change.refreshKernels()
        for version in versions where change.record.kernels.contains(where: { $0.version == version }) {
            throw Failure(.failure, "the kernel \(version) is still there after its packages were removed")
        }
    }

    /// The kernels that packages brought, newest first: what dpkg noted of them, and what /boot has.
    private static func versions(of files: [PackageFile], in change: borrowing OfflineChange) throws -> [String] {
        let known = change.record.kernels.map(\.version)
        let noted = try files.flatMap { file in
            try GuestPackages.files(of: file.package.name, in: change).compactMap(KernelFacts.imageVersion)
        }
        return known.filter(noted.contains)
    }

    private static func choose(_ wanted: String?, _ newest: String, of record: GuestRecord) throws -> String {
        guard let wanted else { return newest }
        guard record.kernels.contains(where: { $0.version == wanted }) else { throw missing(wanted, in: record) }
        return wanted
    }

    private static func missing(_ version: String, in record: GuestRecord) -> Failure {
        let there = record.kernels.map(\.version).joined(separator: ", ")
        return Failure(
            .notFound, "the guest \(record.name) has no kernel \(Names.printable(version))",
            hint: there.isEmpty ? nil : "it has: \(there)")
    }
}
