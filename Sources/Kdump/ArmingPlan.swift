import Boot
import DevboxCore
import Dumps
import Guests
import Templates

/// What arming a guest changes: found out from its files, without touching them.
struct ArmingPlan {
    /// A kernel of the guest.
    struct Kernel {
        let version: String
        /// How it was built; nil where its /boot has no file that says it.
        let config: KernelConfig?
        /// The initrd for it as the kernel that saves a dump; nil where none can be made.
        let initrd: [UInt8]?
        /// Whether a text is in the kernel itself.
        let holds: (String) throws -> Bool
    }

    /// What the guest's record is to have.
    let state: KdumpState
    /// The memory that its virtual machine is to have, in bytes.
    let memory: Int64
    /// What its files are to be, by path; those that are so already are not among them.
    let edits: [(path: String, file: GuestFile)]
    /// What the user is to be told.
    let warnings: [String]
    /// What its next start reserves for the crash kernel, in bytes.
    let reserved: Int64

    /// - Parameters:
    ///   - found: the guest's files, by path.
    ///   - record: the guest's record, with the state of an earlier arming where there was one.
    ///   - makedumpfile: the guest's own.
    init(
        _ options: ArmingOptions, found: [String: GuestFile], record: GuestRecord, kernels: [Kernel],
        makedumpfile: Makedumpfile, templates: Templates
    ) throws {
        try Self.checkTools(found, record.name)
        let earlier = try record.kdump
        let undoing = earlier.map { Disarming($0, found: found) }
        let before = undoing?.before ?? found
        let ownMemory = undoing?.memory(of: record) ?? record.memory
        let (size, memory) = CrashKernelSize.choose(
            record.architecture, memory: ownMemory, chosen: options.crashKernel)
        var warnings: [String] = (undoing?.edited ?? []).map {
            "\($0) was edited or removed since the guest was armed: it stays so\($0 == KdumpPaths.sysctls ? ", and with it the faults that make it panic" : "")"
        }
        var wanted: [String: GuestFile] = [:]

        var settings: [KdumpState.Setting] = []
        var optional: Set<String> = []
        for sysctl in options.wanted {
            let without = try kernels.filter { try !Self.has(sysctl, $0) }.map(\.version)
            if !without.isEmpty {
                warnings.append("\(without.joined(separator: ", ")) has no sysctl \(sysctl.setting.name)")
                if without.count == kernels.count { continue }
                optional.insert(sysctl.setting.name)
            }
            settings.append(sysctl.setting)
        }
        // One that is armed stays so, whatever kernels it gets.
        guard !settings.isEmpty || !options.chosen.isEmpty else {
            throw Failure(
                .badInput, "no kernel of \(record.name) has any of these sysctls: \(warnings.joined(separator: "; "))")
        }
        wanted[KdumpPaths.sysctls] = .text(
            try templates.render(
                "kdump/sysctl.conf.mustache",
                [
                    "settings": settings.map { setting -> [String: any Sendable] in
                        [
                            "name": setting.name, "value": setting.value, "comment": setting.comment,
                            "optional": optional.contains(setting.name),
                        ]
                    }
                ]))

        let crashSysctls = GuestFile.text(
            (before[KdumpPaths.crashSysctls]?.text ?? "") + (try templates.text("kdump/crash-sysctl.conf")))
        wanted[KdumpPaths.crashSysctls] = crashSysctls
        let level = makedumpfile.level(options.dumpLevel, for: kernels.map(\.version))
        // One that somebody edited stays as it is.
        if level != options.dumpLevel, undoing?.edited.contains(KdumpPaths.settings) != true {
            warnings.append(Self.loweredLevel(level, options, kernels, makedumpfile))
        }
        let dumpSettings = Self.settings(before, level: level)
        warnings += CrashTarget(dumpSettings, .debian).stopped(record.root).obstacles
        wanted[KdumpPaths.settings] = .text(dumpSettings)
        for path in KdumpPaths.unitSettings { wanted[path] = .text(try templates.text("kdump/service.conf")) }
        if let unit = Self.enabling(before) { wanted[unit.path] = unit.link }

        for kernel in kernels {
            let missing = KernelConfig.neededForDumps.filter { kernel.config?.has($0) == false }
            if !missing.isEmpty {
                warnings.append(
                    "\(kernel.version) cannot leave a dump: it was built without \(missing.joined(separator: ", "))")
            }
            let path = KdumpPaths.initrd(kernel.version)
            // One that the guest's own tools made is made anew by them, at its next start.
            if let there = before[path], there != .absent { continue }
            guard let initrd = kernel.initrd else {
                warnings.append("no initrd can be made for \(kernel.version): the guest makes one when it starts")
                continue
            }
            wanted[path] = .file(initrd, permissions: 0o644)
            wanted[KdumpPaths.initrdSysctls(kernel.version)] = crashSysctls
        }

        let argument = "crashkernel=\(size)"
        if let menu = before[KdumpPaths.grubMenu]?.text {
            wanted[KdumpPaths.grubMenu] = .text(ConfigText.grub(menu, setting: argument))
            wanted[KdumpPaths.grubSettings] = .text(
                try templates.render("kdump/grub.cfg.mustache", ["argument": argument]))
        }
        // What the user wrote since is the user's.
        let edited = undoing?.edited ?? []
        for path in edited { wanted[path] = nil }
        for (path, file) in wanted {
            if case .file = file { try Self.checkIsPlain(before[path], path, record.name) }
            // What was there keeps its permissions.
            if case .file(let bytes, _) = file, case .file(_, let permissions)? = before[path] {
                wanted[path] = .file(bytes, permissions: permissions)
            }
        }

        let changed = wanted.sorted { $0.key < $1.key }.compactMap { path, file -> KdumpState.ChangedFile? in
            guard let after = file.digest, after != before[path]?.digest else { return nil }
            return KdumpState.ChangedFile(path: path, before: before[path]?.content, after: after)
        }
        var edits = undoing?.edits.filter { wanted[$0.path] == nil } ?? []
        for (path, file) in wanted where file.digest != found[path]?.digest { edits.append((path, file)) }
        self.edits = edits.sorted { $0.path < $1.path }
        self.memory = memory
        let reservations = GuestReservations(record, memory: memory, crashKernel: size)
        self.warnings = warnings + reservations.warnings
        reserved = reservations.next.size
        state = KdumpState(
            crashKernel: size.description, dumpLevel: level, settings: settings,
            raisedMemory: memory > ownMemory ? .init(from: ownMemory, to: memory) : nil,
            // Disarming names those that were edited, too.
            files: changed + (earlier?.files.filter { edited.contains($0.path) } ?? []),
            command: options.command)
    }

    /// The same once more, for a guest whose kernels are others now.
    init(
        again state: KdumpState, found: [String: GuestFile], record: GuestRecord, kernels: [Kernel],
        makedumpfile: Makedumpfile, templates: Templates
    ) throws {
        var options = ArmingOptions(
            causes: [], crashKernel: CrashKernelSize(state.crashKernel), dumpLevel: state.dumpLevel,
            command: state.command)
        options.chosen = state.settings
        try self.init(
            options, found: found, record: record, kernels: kernels, makedumpfile: makedumpfile, templates: templates)
    }

    /// Throws for what arming could not bring back.
    private static func checkIsPlain(_ file: GuestFile?, _ path: String, _ guest: String) throws {
        let kind: String
        switch file {
        case .link: kind = "a symbolic link"
        case .other: kind = "no plain file"
        default: return
        }
        throw Failure(
            .badInput, "\(path) of \(guest) is \(kind), and arming would put a file in its place",
            hint: "make it a plain file, or remove it")
    }

    private static func checkTools(_ found: [String: GuestFile], _ guest: String) throws {
        let packages = [
            (KdumpPaths.tool, "kdump-tools"), (KdumpPaths.makedumpfile, "makedumpfile"),
            (KdumpPaths.kexec, "kexec-tools"),
        ]
        let missing = packages.filter { found[$0.0]?.digest == nil }.map(\.1)
        guard let first = missing.first else { return }
        throw Failure(
            .notFound, "the guest \(guest) has no \(missing.joined(separator: ", "))",
            hint: "devbox fetch \(first) --install \(guest) --download-dependencies")
    }

    /// What is said where a dump of the wanted level could not be read.
    private static func loweredLevel(
        _ level: Int, _ options: ArmingOptions, _ kernels: [Kernel], _ makedumpfile: Makedumpfile
    ) -> String {
        let needs = kernels.compactMap { kernel in
            makedumpfile.needed(for: kernel.version, level: options.dumpLevel).map { (kernel.version, $0) }
        }
        let newest = needs.map(\.1).max { KernelVersion($0) < KernelVersion($1) } ?? ""
        return
            "\(makedumpfile.name) spoils dumps of \(needs.map(\.0).joined(separator: ", ")) at level \(options.dumpLevel): level \(level), with processes' pages, is taken; makedumpfile \(newest) needs none of that"
    }

    /// Whether a kernel has a sysctl: as its configuration says, else whether the name is in it.
    private static func has(_ sysctl: Sysctl, _ kernel: Kernel) throws -> Bool {
        if !sysctl.isForeign {
            guard let option = sysctl.option else { return true }
            if let config = kernel.config { return config.has(option) }
        }
        return try kernel.holds(sysctl.setting.name.split(separator: ".").last.map(String.init) ?? "")
    }

    /// /etc/default/kdump-tools for a guest that is armed.
    private static func settings(_ before: [String: GuestFile], level: Int) -> String {
        let shipped = before[KdumpPaths.shippedSettings]?.text ?? ""
        var text = before[KdumpPaths.settings]?.text ?? shipped
        text = ConfigText.assigning("USE_KDUMP", "1", in: text)
        text = ConfigText.assigning("MAKEDUMP_ARGS", "\"-c -d \(level)\"", in: text)
        // A kernel that panics while it saves the dump must not stand still for ever.
        let usual = "reset_devices systemd.unit=kdump-tools-dump.service nr_cpus=1"
        let arguments =
            ConfigText.value(of: "KDUMP_CMDLINE_APPEND", in: text)
            ?? ConfigText.commentedValue(of: "KDUMP_CMDLINE_APPEND", in: text) ?? usual
        if !arguments.split(separator: " ").contains(where: { $0.hasPrefix("panic=") }) {
            text = ConfigText.assigning("KDUMP_CMDLINE_APPEND", "\"\(arguments) panic=10\"", in: text)
        }
        return text
    }

    /// The link that enables the service which loads the crash kernel; nil where there is no such service.
    private static func enabling(_ before: [String: GuestFile]) -> (path: String, link: GuestFile)? {
        for unit in KdumpPaths.units {
            guard let text = before[unit]?.text else { continue }
            let target = ConfigText.value(of: "WantedBy", in: text) ?? "multi-user.target"
            guard ["basic.target", "multi-user.target"].contains(target) else { continue }
            let path = KdumpPaths.wants(target)
            if case .link? = before[path] { return nil }
            return (path, .link(unit))
        }
        return nil
    }
}
