import Boot
import DevboxCore
import Disks
import FoundationEssentials
import Glibc
import Guests
import HostTools
import Packages
import Sandbox
import SystemPackage
import Targets
import Templates

/// Installs packages on a stopped guest's disk, by the guest's own dpkg in a container, so that their scripts run there.
public struct PackageInstaller: Sendable {
    private let work: WorkDirectory
    private let templates: Templates
    private let runner: Runner
    private var console: Console { runner.console }
    private let options: Options

    /// What the user may choose.
    public struct Options: Sendable {
        /// How long dpkg may take.
        public var limit: Duration
        /// Whether the guest's own tools make the initrds of kernels.
        public var guestInitrd: Bool
        /// Whether what packages need is fetched from the guest's own apt sources.
        public var downloadDependencies: Bool
        /// The command line, for the record.
        public var command: String

        /// What is chosen where the user says nothing: half an hour, initrds of devbox, and nothing fetched.
        public init(
            limit: Duration = .seconds(1800), guestInitrd: Bool = false, downloadDependencies: Bool = false,
            command: String
        ) {
            (self.limit, self.guestInitrd, self.command) = (limit, guestInitrd, command)
            self.downloadDependencies = downloadDependencies
        }
    }

    /// - Parameter runner: prints what it runs.
    public init(_ work: WorkDirectory, runner: Runner, options: Options) {
        self.work = work
        self.options = options
        self.runner = runner
        templates = Templates(work)
    }

    /// Looks at what can be known before anything is changed: architecture, dependencies, room on the disk.
    ///
    /// - Returns: what is to be installed.
    /// - Throws: `badInput` for a package of another architecture, one that the room does not suffice for, and one with files where the
    ///   guest mounts what devbox does not see; `failure` where something is unmet.
    public func check(_ given: [PackageFile], for change: GuestChange) throws
        -> CompletedPackages
    {
        try Self.checkArchitecture(given, of: change.record)
        let root = try change.openRoot()
        let room = try root.availableBytes(at: "/usr")
        try Self.checkRoom(given, room, on: change.record)
        let packages = try complete(given, on: change.record, status: GuestPackages.status(root)) {
            try GuestAptSources(on: root)
        }
        try Self.checkRoom(packages.all, room, on: change.record)
        try Self.checkSeen(packages.all, in: change.record)
        return packages
    }

    /// Sees to what packages need, downloading it where that is wanted.
    ///
    /// - Parameters:
    ///   - status: the guest's dpkg status file.
    ///   - sources: called where something is to be downloaded.
    /// - Returns: the packages, and those that were downloaded for them.
    func complete(
        _ given: [PackageFile], on guest: GuestRecord, status: [UInt8], from sources: () throws -> GuestAptSources
    ) throws -> CompletedPackages {
        let installed = try GuestPackages.read(status, architecture: guest.architecture)
        var packages = CompletedPackages(wanted: given)
        if options.downloadDependencies {
            packages = try DependencyDownload(
                work, runner: runner, limit: options.limit, guest: guest.name, architecture: guest.architecture,
                status: status
            ).complete(given, in: installed, from: sources)
        }
        let wanted = packages.all.map(\.package)
        try Self.refuse(installed.unmet(wanted))
        packages.groups = installed.groups(of: wanted)
        return packages
    }

    /// Throws `badInput`, naming the package, where they need more than `room` bytes.
    private static func checkRoom(_ files: [PackageFile], _ room: Int64, on guest: GuestRecord) throws {
        var needed: Int64 = 0
        for file in files {
            let (sum, overflow) = needed.addingReportingOverflow(file.unpackedSize)
            guard !overflow, sum <= room else {
                throw Failure(
                    .badInput,
                    "\(file.name) needs \(ByteSize.text(file.unpackedSize)) on the disk of \(guest.name), which has \(ByteSize.text(room - needed)) left for it"
                )
            }
            needed = sum
        }
    }

    /// Throws `badInput` for a package with files below what the guest mounts of elsewhere: there nobody would see them.
    static func checkSeen(_ files: [PackageFile], in guest: GuestRecord) throws {
        guard guest.root.elsewhere != nil else { return }
        for file in files {
            try DebCheck().run(
                file.package,
                visit: { content in
                    if let path = content.path, let part = guest.root.covering(path) {
                        throw unseen("/\(path)", of: file.title, in: guest, reason: part.words)
                    }
                })
        }
    }

    /// What is said of a file of `what` that the guest would not see.
    static func unseen(_ path: String, of what: String, in guest: GuestRecord, reason: String) -> Failure {
        Failure(
            .badInput,
            "\(Names.printable(what)) cannot be put into the stopped guest \(guest.name), which would not see its \(Names.printable(path)): \(reason)",
            hint: "in the running guest it can: `devbox start \(guest.name)` first")
    }

    /// Throws `badInput` for a package of an architecture that is not the guest's.
    static func checkArchitecture(_ files: [PackageFile], of guest: GuestRecord) throws {
        let wanted = guest.architecture.rawValue
        for file in files where ![wanted, "all"].contains(file.package.architecture) {
            throw Failure(
                .badInput,
                "\(file.name) is for \(Names.printable(file.package.architecture)), the guest \(guest.name) is \(wanted)"
            )
        }
    }

    /// Throws where a dependency is unmet, naming all of them.
    static func refuse(_ unmet: [UnmetDependency]) throws {
        guard !unmet.isEmpty else { return }
        throw Failure(
            .failure, unmet.prefix(12).map { "\(Names.printable($0.package)) \($0)" }.joined(separator: "\n"),
            hint: "name the missing packages too, or let --download-dependencies get them")
    }

    /// Runs the guest's dpkg inside a transaction.
    ///
    /// - Throws: `badInput` for a package that holds what it must not; `failure` with dpkg's own words where it fails.
    public func install(_ packages: CompletedPackages, in change: GuestChange) throws {
        let files = packages.all
        let unconfigured = try UnconfiguredPackages(GuestPackages.status(change.openRoot()))
        let room = try change.openRoot().availableBytes(at: "/usr")
        let cache = DecodedCache(work)
        let folder = change.files.run
        try Files.makeDirectory(folder, mode: 0o711)
        defer { try? Files.removeTree(folder) }
        let feeds = try files.map {
            try PackageFeed($0, cache, folder: folder, sizeLimit: room, readsFifos: change.readsFifos)
        }
        let depmod = try DepmodCache(work, for: files, on: change)
        let tools = try [makeTools(in: folder, makesInitrds: options.guestInitrd)] + depmod.extras(for: change)
        let groups = packages.groups
        let words = try templates.shell(
            "packages/install.sh",
            PackageGroups.arguments(
                groups,
                options: ["--force-unsafe-io"] + PackageGroups.options,
                path: { feeds[$0].path }, name: { files[$0].dpkgName }))
        try run(
            words, extras: tools + feeds.flatMap(\.extras), makesInitrds: options.guestInitrd, in: change
        ) { end in
            for index in groups.joined() { try feeds[index].feed(until: end) }
        }
        let left = try UnconfiguredPackages(GuestPackages.status(change.openRoot())).names(besides: unconfigured)
        guard left.isEmpty else {
            throw Failure(.failure, "dpkg would leave unconfigured: \(left); nothing was changed")
        }
        try note(files, depmod, in: change)
    }

    /// Puts packages that were just installed into the guest's record, and keeps what depmod made of them.
    private func note(_ files: [PackageFile], _ depmod: DepmodCache, in change: GuestChange) throws {
        let root = try change.openRoot()
        let architecture = change.record.architecture
        let lists = try files.map { try GuestPackages.fileList(of: $0.package.name, on: root, architecture) }
        let kernels = try lists.map { list in
            try KernelHolding(list) { try BootFiles.isSymbols($0, on: root, architecture) }.images.sorted()
        }
        if depmod.isToBeKept(of: change) {
            let noted = lists.joined(separator: [UInt8(ascii: "\n")]).split(separator: UInt8(ascii: "\n"))
            // Image and symbols of one kernel may be packages that both hold its boot file.
            try depmod.keep(
                Set(kernels.joined()).sorted(), noted: Set(noted.map { String(decoding: $0, as: UTF8.self) }),
                from: change)
        }
        change.record.packages =
            (change.record.packages ?? [])
            + zip(files, kernels).map { $0.installed(at: Date(), by: options.command, kernels: $1) }
    }

    /// Removes packages, and those that cannot be without them, with all their settings.
    public func purge(_ names: [String], in change: GuestChange) throws {
        let folder = change.files.run
        try Files.makeDirectory(folder, mode: 0o711)
        defer { try? Files.removeTree(folder) }
        try run(
            templates.shell("packages/purge.sh", names), extras: [makeTools(in: folder, makesInitrds: true)],
            makesInitrds: true, in: change
        ) { _ in }
    }

    /// Runs a command of the guest's for packages; what it writes goes to install.log.
    private func run(
        _ arguments: [String], extras: [SandboxMount.Entry], makesInitrds: Bool, in change: GuestChange,
        meanwhile: (CommandEnd) throws -> Void
    ) throws {
        let log = change.files.installLog
        try Files.remove(log)
        let output = try Files.open(log, .readWrite, [.create, .exclusiveCreate])
        defer { try? output.close() }
        try work.give(log)
        let environment = [
            "PATH=/run/devbox/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "DEBIAN_FRONTEND=noninteractive", "DEBCONF_NONINTERACTIVE_SEEN=true", "UCF_FORCE_CONFFOLD=1",
        ]
        var command = TargetCommand(
            ["/usr/bin/env"] + environment + (makesInitrds ? [] : ["INITRD=No"]) + arguments, limit: options.limit)
        (command.output, command.error) = (.descriptor(output), .descriptor(output))
        let status = try change.run(command, showing: extras, meanwhile: meanwhile).status
        // What a package's scripts write has no end: the reason is at its end.
        let text = String(decoding: try Files.end(log, count: 1 << 20), as: UTF8.self)
        for line in text.split(separator: "\n") { console.detail(Names.printable(String(line))) }
        guard status == 0 else {
            let reason = ToolReason(text)
            var lines = text.split(separator: "\n").suffix(8).map(String.init)
            // What came of it may fill all of the last lines.
            if !reason.line.isEmpty, !lines.contains(reason.line) { lines.insert(reason.line, at: 0) }
            throw Failure(
                reason.isTransient ? .busy : .failure,
                "dpkg in \(change.record.name) failed with status \(status); nothing was changed\n"
                    + lines.map { "  \(Names.printable($0))" }.joined(separator: "\n"),
                hint: "all of its output is in guests/\(change.record.name)/install.log of the work directory")
        }
    }

    /// The folder that stands first in the PATH of package scripts.
    ///
    /// - Parameter makesInitrds: whether the guest's own tool for initrds is at work: to make one, or to remove one.
    private func makeTools(in folder: FilePath, makesInitrds: Bool) throws -> SandboxMount.Entry {
        let tools = folder.appending("bin")
        try Files.makeDirectory(tools)
        for template in try templates.files(below: "offline") {
            let name = FilePath(template).lastComponent?.string ?? template
            if makesInitrds, ["update-initramfs", "dracut"].contains(name) { continue }
            let file = tools.appending(name)
            try Files.writeAtomically(Array(templates.text(template).utf8), to: file, mode: 0o755, isDurable: false)
            try Files.setMode(file, 0o755)
        }
        return SandboxMount.Entry(tools, as: "bin")
    }
}
