import Boot
import DevboxCore
import Disks
import FoundationEssentials
import Guests
import HostTools
import Installing
import Packages
import Targets

/// Puts kernels into stopped guests' disks, and takes them out again.
public struct KernelInstaller: Sendable {
    private let store: GuestStore
    private let runner: Runner
    private let observers: [any KernelChangeObserver]

    /// - Parameters:
    ///   - store: the guests of the work directory.
    ///   - runner: runs what the host does for an installation.
    ///   - observers: follow each change, in this order and within its transaction.
    public init(_ store: GuestStore, runner: Runner, observers: [any KernelChangeObserver]) {
        self.store = store
        self.runner = runner
        self.observers = observers
    }

    /// Installs kernel packages: done as a whole, or nothing is changed but the debug store.
    ///
    /// - Parameters:
    ///   - given: the packages; what they need is downloaded where the options say so.
    ///   - name: the guest. Where it runs, the options must let it be restarted.
    /// - Throws: `badInput` where no package holds a kernel, or one holds what it must not.
    public func install(_ given: [PackageFile], in name: String, _ options: Options) throws -> InstalledKernels {
        // First: a package without symbols is refused before the guest is touched, and symbols alone do no harm.
        let symbols = try options.symbols.map {
            try DebugStore(store.work).add(
                $0, modules: options.takesModuleSymbols, command: options.packages.command)
        }
        var result = try GuestRestart(store, runner: runner).around(name, if: options.restarts) {
            try change(name, with: given + (options.installsSymbols ? options.symbols : []), options)
        }
        // A folder may have held more than kernels.
        result.besides = given.filter { file in !result.versions.contains { file.package.name.contains($0) } }
        if !symbols.isEmpty {
            var installed: [KernelInventory.Entry] = []
            do {
                installed = try KernelInventory(store, runner: runner).kernels(of: name)
                    .filter { result.versions.contains($0.version) }
            } catch {
                // The kernels are installed, whatever can be said of their symbols.
                result.remarks.append("the symbols cannot be compared with the kernel: \(Failure(error).message)")
            }
            result.symbols = symbols.map { record in
                KernelSymbols(
                    record: record, installedBuildID: installed.first?.buildID,
                    areOfInstalled: installed.contains { $0.buildID == record.buildID })
            }
        }
        return result
    }

    /// The transaction of an installation.
    private func change(_ name: String, with given: [PackageFile], _ options: Options) throws -> InstalledKernels {
        let change = try GuestChange(
            name, for: "install-kernel", in: store, otherwise: "with --restart it is stopped and started again",
            runner: runner)
        let installer = PackageInstaller(store.work, runner: runner, options: options.packages)
        let packages = try installer.check(given, for: change)
        return try change.transact { change in
            try installer.install(packages, in: change)
            try change.refreshKernels()
            let versions = try Self.versions(of: packages.all, in: change)
            guard let newest = versions.first else {
                throw Failure(
                    .badInput, "there is no kernel in \(packages.all.map(\.package.name).joined(separator: ", "))",
                    hint: "`devbox install` installs other packages")
            }
            change.record.defaultKernel = try Self.choose(options.defaultKernel, newest, of: change.record)
            if let arguments = options.kernelArguments { change.record.kernelArguments = arguments }
            var removed: [String] = []
            if let keep = options.keepOld {
                let old = change.record.kernels.map(\.version).filter {
                    !versions.contains($0) && $0 != change.record.defaultKernel
                }
                removed = Array(old.dropFirst(keep))
                if !removed.isEmpty { try Self.purge(removed, installer, in: change) }
            }
            let remarks = try tellObservers(of: change)
            return InstalledKernels(
                versions: versions, besides: [], downloaded: packages.downloaded, removed: removed, remarks: remarks,
                record: change.record)
        }
    }

    /// Changes which kernel starts next, and with what arguments. Needs no root.
    ///
    /// - Parameters:
    ///   - version: the kernel; nil for the one that it is.
    ///   - kernelArguments: the guest's further arguments; nil for those that it has.
    ///   - restarts: whether a guest that runs is stopped, and started again with it.
    /// - Returns: the guest's record then.
    public func choose(_ version: String?, kernelArguments: [String]?, of name: String, restarts: Bool = false) throws
        -> GuestRecord
    {
        try GuestRestart(store, runner: runner).around(name, if: restarts) {
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
    }

    /// Removes a kernel with its packages.
    ///
    /// - Parameters:
    ///   - version: which, as `uname -r` says it.
    ///   - force: whether it may be the last one.
    public func remove(_ version: String, from name: String, force: Bool, _ options: PackageInstaller.Options) throws {
        let change = try GuestChange(name, for: "remove-kernel", in: store, runner: runner)
        try change.refreshKernels()
        let versions = change.record.kernels.map(\.version)
        guard versions.contains(version) else { throw Self.missing(version, in: change.record) }
        guard versions.count > 1 || force else {
            throw Failure(
                .failure, "\(version) is the only kernel of \(name)", hint: "--force removes it all the same")
        }
        let installer = PackageInstaller(store.work, runner: runner, options: options)
        try change.transact { change in
            try Self.purge([version], installer, in: change)
            _ = try tellObservers(of: change)
        }
    }

    /// - Returns: what the user is to know.
    private func tellObservers(of change: GuestChange) throws -> [String] {
        var remarks: [String] = []
        for observer in observers { remarks += try observer.kernelsChanged(in: change) }
        return remarks
    }

    /// Purges the packages of kernels, and sees that the kernels are gone.
    private static func purge(
        _ versions: [String], _ installer: PackageInstaller, in change: GuestChange
    ) throws {
        let owners = try KernelPackages.owners(of: versions, in: change)
        for version in versions where owners[version] == nil {
            throw Failure(
                .failure, "the kernel \(version) of \(change.record.name) belongs to no package",
                hint: "remove its files in the guest: devbox exec \(change.record.name) -- rm /boot/vmlinuz-\(version)")
        }
        let purged = Set(owners.values.flatMap { $0 })
        try installer.purge(purged.sorted(), in: change)
        change.record.packages?.removeAll { purged.contains($0.name) }
        try change.refreshKernels()
        for version in versions where change.record.kernels.contains(where: { $0.version == version }) {
            throw Failure(.failure, "the kernel \(version) is still there after its packages were removed")
        }
    }

    /// The kernels that packages brought, newest first: what dpkg noted of them, and what /boot has.
    private static func versions(of files: [PackageFile], in change: GuestChange) throws -> [String] {
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
