import ArgumentParser
import DevboxCore
import Guests
import Installing
import Kernels

struct InstallKernelCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "install-kernel", abstract: "Put a kernel into a stopped guest's disk, without booting it.",
        discussion: """
            Takes kernel packages of Debian, of Ubuntu (image and modules) and of `make bindeb-pkg`; a folder stands for the .deb files \
            in it. Their scripts run in the guest's container; dpkg in the guest knows them. It is done as a whole, or the disk \
            stays as it was. The kernel starts next; `devbox start --kernel` picks another one for one start. Without a package, \
            --default and --cmdline change what starts next.

            EXAMPLES:
              sudo devbox install-kernel bug-4711 linux-image-6.1.0-47-amd64_*.deb
              sudo devbox install-kernel bug-4711 ../linux-image-*.deb --keep-old 1
              sudo devbox install-kernel bug-4711 debs/ --cmdline slub_debug=FZPU
              sudo devbox install-kernel bug-4711 --download-dependencies *.deb
              devbox install-kernel bug-4711 --default 6.1.0-47-amd64 --cmdline ""
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var packages: InstallArguments
    @OptionGroup var sandbox: SandboxArguments

    @Argument(help: "The guest.", completion: NameCompletion.guests)
    var guest: String

    @Argument(help: "Kernel packages, and folders with some.", completion: .file(extensions: ["deb"]))
    var files: [String] = []

    @Option(
        help: ArgumentHelp(
            "A debug package of the kernel: its vmlinux goes to the debug store, which guests see at /work/debug.",
            valueName: "deb"), completion: .file(extensions: ["deb", "ddeb"]))
    var debug: [String] = []

    @Flag(help: "Take the modules' symbols out of the debug package too.")
    var debugModules = false

    @Flag(help: "Install the debug package in the guest as well.")
    var debugInGuest = false

    @Option(
        help: ArgumentHelp("The guest's further kernel arguments, in place of those it has.", valueName: "arguments"))
    var cmdline: String?

    @Option(
        help: ArgumentHelp("Remove older kernels but this many, the newest of them.", valueName: "number"))
    var keepOld: Int?

    @Option(
        name: .customLong("default"),
        help: ArgumentHelp("The kernel that starts next. Default: the newest in the packages.", valueName: "version"))
    var defaultKernel: String?

    @Flag(
        help:
            "Have the guest's own tools make the initrd, as it is set up there. Slower; for disks that boot elsewhere too."
    )
    var guestInitrd = false

    @Flag(help: "Stop the guest where it runs, and start it again with the new kernel.")
    var restart = false

    func validate() throws {
        if files.isEmpty {
            guard defaultKernel != nil || cmdline != nil else {
                throw ValidationError("a kernel package is missing, or --default or --cmdline")
            }
            guard debug.isEmpty, keepOld == nil, !guestInitrd else {
                throw ValidationError("--debug, --keep-old and --guest-initrd go with a kernel package")
            }
        }
        if debug.isEmpty, debugModules || debugInGuest {
            throw ValidationError("--debug-modules and --debug-in-guest need --debug")
        }
        if let keepOld, keepOld < 0 { throw ValidationError("--keep-old: 0 or more") }
        if let cmdline, cmdline.unicodeScalars.contains(where: { $0.value < 0x20 || $0.value == 0x7F }) {
            throw ValidationError("--cmdline: one line without control characters")
        }
    }

    func run() throws {
        let clock = ContinuousClock.now
        let installer = try options.kernelInstaller(in: sandbox.kind)
        let arguments = cmdline.map { $0.split(separator: " ").map(String.init) }
        if files.isEmpty { return try choose(installer, arguments) }
        let found = try PackageFile.open(files)
        var wanted = KernelInstaller.Options(
            packages: packages.options, kernelArguments: arguments, keepOld: keepOld, defaultKernel: defaultKernel,
            symbols: try PackageFile.open(debug), restarts: restart)
        wanted.packages.guestInitrd = guestInitrd
        (wanted.takesModuleSymbols, wanted.installsSymbols) = (debugModules, debugInGuest)
        let installed = try installer.install(found, in: guest, wanted)
        let starting = installed.record.startingKernel?.version ?? "none"
        options.console.say(
            "\(guest): installed \(installed.versions.joined(separator: ", ")) in \(seconds(since: clock)); \(starting) starts next"
        )
        let besides = (installed.besides + installed.downloaded).map(\.title)
        if !besides.isEmpty { options.console.say("\(guest): with it \(besides.joined(separator: ", "))") }
        for remark in installed.remarks { options.console.warn("\(guest): \(remark)") }
        for symbols in installed.symbols { report(symbols) }
        for version in installed.removed { options.console.say("\(guest): removed \(version)") }
        if options.json { try options.print(Report(guest: guest, installed), "") }
    }

    /// Changes what starts next; nothing is installed.
    private func choose(_ installer: KernelInstaller, _ arguments: [String]?) throws {
        let record = try installer.choose(
            defaultKernel, kernelArguments: arguments, of: guest, restarts: restart)
        let starting = record.startingKernel?.version ?? "no kernel"
        let given = record.kernelArguments.isEmpty ? "" : " with \(record.kernelArguments.joined(separator: " "))"
        options.console.say("\(guest): \(starting) starts next\(Names.printable(given))")
        if let obstacle = record.startingKernel?.obstacle {
            options.console.warn("\(guest): \(starting) cannot start as a virtual machine: \(obstacle)")
        }
        if options.json { try options.print(Report(guest: guest, record), "") }
    }

    /// Says where a kernel's symbols are, and whether they are those of the kernel that was installed.
    private func report(_ symbols: KernelSymbols) {
        let record = symbols.record
        options.console.say("symbols of \(record.kernel) are in \(DebugStore.guestPath(of: record))")
        guard !symbols.areOfInstalled else { return }
        options.console.warn(
            "they are of another build than the kernel in \(guest), whose build-id is \(symbols.installedBuildID?.description ?? "not known")"
        )
    }

    private struct Report: Encodable {
        let guest: String
        let installed: [String]
        let downloaded: [String]
        let removed: [String]
        let defaultKernel: String?

        init(guest: String, _ record: GuestRecord) {
            self.guest = guest
            (installed, downloaded, removed) = ([], [], [])
            defaultKernel = record.startingKernel?.version
        }

        init(guest: String, _ kernels: InstalledKernels) {
            self.guest = guest
            (installed, removed) = (kernels.versions, kernels.removed)
            downloaded = kernels.downloaded.map(\.title)
            defaultKernel = kernels.record.startingKernel?.version
        }
    }
}
