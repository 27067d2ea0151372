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
        result.besides.removeAll { file in options.symbols.contains { $0.digest == file.digest } }
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
            let before = try OwnInitrds(on: change.openRoot())
            try installer.install(packages, in: change)
            try change.refreshKernels()
            let holdings = try Self.holdings(of: packages.all, in: change)
            let versions = change.record.kernels.map(\.version).filter { version in
                holdings.contains { $0.images.contains(version) }
            }
            guard let newest = versions.first else {
                throw Failure(
                    .badInput, "there is no kernel in \(packages.all.map(\.package.name).joined(separator: ", "))",
                    hint: "`devbox install` installs other packages")
            }
            let stale = try OwnInitrds(on: change.openRoot()).unchanged(since: before, of: versions)
            if !stale.isEmpty {
                try OwnInitrds.remove(stale, in: change)
                try change.refreshKernels()
            }
            change.record.defaultKernel = try Self.choose(options.defaultKernel, newest, of: change.record)
            if let arguments = options.kernelArguments { change.record.kernelArguments = arguments }
            var (removed, remarks) = try Self.removeOld(options.keepOld, besides: versions, installer, in: change)
            remarks += stale.map {
                "its \($0) was of another build of that kernel, and is removed: devbox has an initrd of its own, and with --guest-initrd the guest makes one"
            }
            remarks += Self.obstacles(of: change.record)
            remarks += try tellObservers(of: change)
            // A folder may have held more than kernels.
            let foreign = zip(packages.all, holdings).filter { !versions.contains(where: $0.1.concerns) }.map(\.0)
            let besides = foreign.filter { file in given.contains { $0.digest == file.digest } }
            return InstalledKernels(
                versions: versions, besides: besides, downloaded: packages.downloaded, removed: removed,
                remarks: remarks, record: change.record)
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
        let packages = try KernelPackages(on: change.openRoot(), change.record.architecture)
        guard !packages.owners(of: version).isEmpty else {
            throw Failure(
                .failure, "the kernel \(version) of \(name) belongs to no package",
                hint:
                    "remove its files in the guest: \(Self.removal(of: version, from: name))"
            )
        }
        let installer = PackageInstaller(store.work, runner: runner, options: options)
        try change.transact { change in
            try Self.purge([version], of: packages, installer, in: change)
            _ = try tellObservers(of: change)
        }
    }

    /// The command line that removes a kernel of no package. Its version comes from the disk, and may be made of a shell's own signs.
    static func removal(of version: String, from name: String) -> String {
        let files = ["/boot/vmlinuz-", "/boot/vmlinux-", "/lib/modules/"].map { Command.quote($0 + version) }
        return "devbox exec \(name) -- rm -rf \(files.joined(separator: " "))"
    }

    /// - Returns: what the user is to know.
    private func tellObservers(of change: GuestChange) throws -> [String] {
        var remarks: [String] = []
        for observer in observers { remarks += try observer.kernelsChanged(in: change) }
        return remarks
    }

    /// What packages that were just installed hold of kernels, by what dpkg noted of each.
    private static func holdings(of files: [PackageFile], in change: GuestChange) throws -> [KernelHolding] {
        let root = try change.openRoot()
        return try files.map { file in
            try KernelHolding(GuestPackages.fileList(of: file.package.name, on: root, change.record.architecture)) {
                try BootFiles.isSymbols($0, on: root, change.record.architecture)
            }
        }
    }

    /// Why the kernel that starts next cannot start.
    private static func obstacles(of record: GuestRecord) -> [String] {
        guard let kernel = record.startingKernel, let obstacle = kernel.obstacle else { return [] }
        return ["\(kernel.version) cannot start as a virtual machine: \(obstacle)"]
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
