import DevboxCore
import SystemPackage

/// mmdebstrap(1): a distribution's packages as the tar of a root file system.
public struct Mmdebstrap: Sendable, Equatable {
    /// mmdebstrap(1), where the host has it.
    public static let program = Program("mmdebstrap", package: "mmdebstrap", for: "building images")

    /// The release, such as "bookworm".
    public var suite: String
    /// Whose packages they are; a foreign one needs an emulator.
    public var architecture: Architecture
    /// Packages beside the essential ones and apt.
    public var packages: [String]
    /// "root" or "unshare".
    public var mode: String
    /// Lines of sources.list(5); they go to standard input.
    public var sources: [String]
    /// A folder whose files are put into the root before the packages that are no essential ones.
    public var overlay: FilePath
    /// The files in it, relative to it. They become root's, and so do the folders above them, whoever owns the overlay.
    public var overlayFiles: [String]
    /// A folder of .debs that are not to be downloaded again, and where new ones are kept; nil for none.
    public var packageCache: FilePath?
    /// Lines for debconf-set-selections(1).
    public var answers: [String]
    /// Units to enable, to disable and to mask.
    public var enabled: [String]
    /// Units that their packages enable and that are not to start.
    public var disabled: [String]
    /// Units that nothing is to start.
    public var masked: [String]
    /// Files to remove at the end, relative to the root.
    public var removed: [String]
    /// Links to make at the end, relative to the root.
    public var links: [(target: String, name: String)]
    /// The time of every file, in seconds since 1970.
    public var epoch: Int
    /// The emulator that is registered for the build only, in the namespace that mmdebstrap works in; nil for none. That
    /// is never the host's: an ordinary user's mmdebstrap makes one, root's is started in one.
    public var emulator: BinfmtRegistration?

    /// All of a bootstrap at once; `command` puts the line together.
    public init(
        suite: String, architecture: Architecture, packages: [String], mode: String, sources: [String],
        overlay: FilePath, overlayFiles: [String] = [],
        packageCache: FilePath?, answers: [String], enabled: [String], disabled: [String], masked: [String],
        removed: [String],
        links: [(target: String, name: String)], epoch: Int, emulator: BinfmtRegistration? = nil
    ) {
        self.suite = suite
        self.architecture = architecture
        self.packages = packages
        self.mode = mode
        self.sources = sources
        self.overlay = overlay
        self.overlayFiles = overlayFiles
        self.packageCache = packageCache
        self.answers = answers
        self.enabled = enabled
        self.disabled = disabled
        self.masked = masked
        self.removed = removed
        self.links = links
        self.epoch = epoch
        self.emulator = emulator
    }

    /// Two are the same where their command lines are.
    public static func == (left: Mmdebstrap, right: Mmdebstrap) -> Bool { left.command == right.command }

    /// The command; it reads the sources from standard input and writes the tar to standard output.
    public var command: Command {
        var arguments = [
            "--mode=\(mode)", "--variant=apt", "--format=tar", "--architectures=\(architecture.rawValue)",
            "--include=\(packages.joined(separator: ","))", "--aptopt=APT::Install-Recommends \"false\"",
            "--aptopt=Acquire::Languages \"none\"",
        ]
        let kept = ["/usr/share/doc/*/copyright", "/usr/share/locale/locale.alias"]
        for path in ["/usr/share/doc/*", "/usr/share/man/*", "/usr/share/info/*", "/usr/share/locale/*"] {
            arguments.append("--dpkgopt=path-exclude=\(path)")
        }
        for path in kept { arguments.append("--dpkgopt=path-include=\(path)") }
        if let emulator {
            // Whether foreign programs run is looked at before the first hook has made that possible.
            arguments += ["--skip=check/qemu", "--setup-hook=\(PrivateBinfmt.steps(emulator))"]
        }
        if let packageCache {
            arguments += [
                "--setup-hook=mkdir -p \"$1/var/cache/apt/archives\"",
                "--setup-hook=sync-in \(Command.quote(packageCache.string)) /var/cache/apt/archives",
                "--skip=download/empty", "--skip=essential/unlink",
                "--customize-hook=sync-out /var/cache/apt/archives \(Command.quote(packageCache.string))",
            ]
        }
        // mmdebstrap's hooks are shell text by its own definition; all that is put into them is quoted.
        arguments.append("--essential-hook=sync-in \(Command.quote(overlay.string)) /")
        if let owned = ownedNames {
            arguments.append("--essential-hook=cd \"$1\" && chown -h 0:0 -- . \(owned)")
        }
        let words = answers.map(Command.quote).joined(separator: " ")
        arguments.append("--essential-hook=printf '%s\\n' \(words) | chroot \"$1\" debconf-set-selections")
        for (verb, units) in [("enable", enabled), ("disable", disabled), ("mask", masked)] where !units.isEmpty {
            let words = units.map(Command.quote).joined(separator: " ")
            arguments.append("--customize-hook=chroot \"$1\" systemctl --quiet \(verb) \(words)")
        }
        arguments.append("--customize-hook=chroot \"$1\" systemctl --quiet set-default multi-user.target")
        arguments.append("--customize-hook=cd \"$1\" && rm -f -- \(removed.map(unquotedGlob).joined(separator: " "))")
        for (target, name) in links {
            arguments.append("--customize-hook=cd \"$1\" && ln -sf -- \(Command.quote(target)) \(Command.quote(name))")
        }
        arguments += [suite, "-", "-"]
        return Command(
            Self.program, arguments, environment: ["SOURCE_DATE_EPOCH": String(epoch), "TZ": "UTC"])
    }

    /// The overlay's files and their folders, as words of a shell; nil where there are none.
    private var ownedNames: String? {
        var names: Set<String> = []
        for file in overlayFiles {
            var path = FilePath(file)
            while !path.string.isEmpty {
                names.insert(path.string)
                path.removeLastComponent()
            }
        }
        return names.isEmpty ? nil : names.sorted().map(Command.quote).joined(separator: " ")
    }

    /// A name of ours with a `*` in it, which is the shell's to expand.
    private func unquotedGlob(_ name: String) -> String {
        name.split(separator: "*", omittingEmptySubsequences: false).map { $0.isEmpty ? "" : Command.quote(String($0)) }
            .joined(separator: "*")
    }
}
