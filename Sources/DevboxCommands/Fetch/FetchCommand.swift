import ArgumentParser
import DevboxCore
import Fetch
import Guests
import HostTools
import Images
import Targets

struct FetchCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "fetch", abstract: "Fetch packages by date or version, verified, and install them where wanted.",
        discussion: """
            They come into share/packages/ARCH/PACKAGE/DATE-VERSION/, which guests see below /work; with the kernel and the release \
            behind it where a source is divided by these. What is there and is what it \
            was is not fetched again. The sources are those of devbox.yaml, and after them the machine's own apt sources. A \
            download that broke off goes on where it ended.

            EXAMPLES:
              devbox fetch ltp                                 the newest, for the host
              devbox fetch ltp --date yesterday --arch arm64   the newest until then
              devbox fetch ltp --date 2026-11-03 --install bug-4711
              devbox fetch ltp --list --since "2 weeks ago"    what there is
              devbox fetch linux-image-6.1.0-30-amd64 --with-debug
            """)

    @OptionGroup var options: GlobalOptions
    @OptionGroup var build: BuildArguments
    @OptionGroup var installing: InstallArguments
    @OptionGroup var sandbox: SandboxArguments

    @Argument(help: "The packages.")
    var packages: [String]

    @Flag(help: "Show what there is, and fetch nothing.")
    var list = false

    @Option(help: ArgumentHelp("With --list: no builds older than this day.", valueName: "day"))
    var since: DateArgument?

    @Option(help: ArgumentHelp("With --list: no builds newer than this day.", valueName: "day"))
    var until: DateArgument?

    @Flag(help: "Fetch the matching debug package too: PACKAGE-dbg or PACKAGE-dbgsym.")
    var withDebug = false

    @Flag(
        help:
            "Take a file too that the SHA256SUMS beside it does not name; its digest is recorded, and holds from then on."
    )
    var allowUnlisted = false

    @Option(
        help: ArgumentHelp(
            "Install it in this guest, whose architecture, release and format count.",
            valueName: "guest"),
        completion: NameCompletion.guests)
    var install: String?

    func validate() throws {
        if packages.isEmpty { throw ValidationError("a package is missing: devbox fetch PACKAGE") }
        if !list, since != nil || until != nil { throw ValidationError("--since and --until go with --list") }
        if list, install != nil || withDebug || allowUnlisted {
            throw ValidationError("--list fetches and installs nothing")
        }
        if install == nil, sandbox.kind != nil { throw ValidationError("--in goes with --install") }
        if install == nil,
            installing.downloadDependencies || installing.timeout.duration != InstallArguments.usualTimeout.duration
        {
            throw ValidationError("--timeout and --download-dependencies go with --install")
        }
        if since?.choice == .latest { throw ValidationError("--since: a day") }
        if until != nil, build.date != nil { throw ValidationError("--until and --date say the same: choose one") }
    }

    func run() throws {
        if install != nil, build.format == .rpm {
            throw Failure(
                .badInput, "an rpm cannot be installed in a guest",
                hint: "--format deb or tar.xz, where the source has it")
        }
        let work = try options.workToBegin()
        let guests = GuestStore(work, sandboxes: try options.sandboxes(in: sandbox.kind, of: work))
        let guest = try install.map { try guests.load($0) }
        // Told before anything is fetched.
        if let install, sandbox.kind != nil { _ = try GuestTargets(guests, runner: options.runner).running(install) }
        let fetcher = try Fetcher(
            work, options.settings(of: work), runner: options.runner, hostSuite: Release.host?.codename,
            command: typedCommand)
        let queries = try packages.map { package in
            try build.query(package, guest: guest.map { ($0.architecture, $0.release.codename) })
        }
        if list {
            return try FetchList(fetcher, options).show(queries, since: since, until: until, source: build.source)
        }

        let target = guest.map {
            FetchTarget($0, in: guests, runner: options.runner, options: installing.options)
        }
        let console = options.console
        var bars = ProgressBars(console)
        var order = FetchOrder(queries, source: build.source, withDebug: withDebug, target: target)
        order.allowsUnlisted = allowUnlisted
        try fetcher.bring(order) { step in
            switch step {
            case .found(let build):
                console.say(
                    "\(build.package): \(build.words), \(build.format.rawValue) for \(build.architecture.rawValue), from \(build.source)"
                )
            case .transfers(let transfers): bars.show(transfers)
            case .fetched(let files, let failures):
                bars.clear()
                try report(files, fetcher, failures, console)
            case .installed(let record):
                console.say("\(install ?? ""): installed \(record.package) \(record.packageVersion)")
            }
        }
    }

    /// - Throws: the last failure; the others are told.
    private func report(
        _ files: [Fetcher.Fetched], _ fetcher: Fetcher, _ failures: [any ReportableError], _ console: Console
    ) throws {
        for file in files {
            console.say(
                "\(file.record.package): \(file.wasThere ? "is there already" : "fetched"), \(fetcher.path(file.record))"
            )
        }
        if options.json { try options.print(files.map { FetchedReport($0, fetcher) }, "") }
        var collected = Failures(console)
        for failure in failures { collected.add(failure) }
        try collected.finish()
    }
}

/// What `devbox fetch --json` prints of a file.
struct FetchedReport: Encodable {
    let record: PackageRecord
    let file: String
    let guestPath: String
    let state: String

    init(_ fetched: Fetcher.Fetched, _ fetcher: Fetcher) {
        record = fetched.record
        file = fetcher.path(fetched.record).string
        guestPath = PackageStore.guestPath(fetched.record)
        state = fetched.wasThere ? "present" : "fetched"
    }

    private enum Keys: String, CodingKey { case file, guestPath, state }

    func encode(to encoder: any Encoder) throws {
        try record.encode(to: encoder)
        var container = encoder.container(keyedBy: Keys.self)
        try container.encode(file, forKey: .file)
        try container.encode(guestPath, forKey: .guestPath)
        try container.encode(state, forKey: .state)
    }
}
