import ELF
import DevboxCore
import Disks
import Guests
import HostTools
import SystemPackage
import Targets
import Templates

/// Sets guests up to leave a dump when their kernel panics, and undoes exactly that.
public struct KdumpArmer: KernelChangeObserver {
    let store: GuestStore
    let runner: Runner
    private let templates: Templates

    /// Works on the guests of a work directory.
    public init(_ store: GuestStore, runner: Runner) {
        self.store = store
        self.runner = runner
        templates = store.templates
    }

    /// Arms a guest, running or not; one that is armed already is armed anew, as the options have it.
    ///
    /// - Throws: `notFound` where it lacks kdump-tools.
    public func arm(_ name: String, _ options: ArmingOptions) throws -> Arming {
        let lock = try changing(name, for: "kdump-arm")
        defer { _ = lock.descriptor }
        if let running = try targets.running(name) { return try arm(running, options) }
        var edit = try DiskEdit(name, for: "kdump-arm", in: store, runner: runner)
        try edit.refreshKernels()
        let plan = try plan(edit.record, options, on: edit)
        try edit.record.set(plan.state)
        edit.record.memory = plan.memory
        try edit.transact { root in try DiskFiles.apply(plan.edits, to: root) }
        return Arming(
            record: edit.record, state: plan.state, reserved: plan.reserved, warnings: plan.warnings, mode: nil)
    }

    /// Brings an armed guest's crash initrds up to the kernels that it has now; nothing where it is not armed.
    ///
    /// - Returns: what the user is to know: a kernel that cannot leave a dump, say.
    public func kernelsChanged(in change: GuestChange) throws -> [String] {
        guard let state = try change.record.kdump else { return [] }
        let root = try change.openRoot()
        let versions = change.record.kernels.map(\.version)
        let found = try DiskFiles.read(KdumpPaths.all(versions + Self.versions(of: state)), of: root)
        let plan = try ArmingPlan(
            again: state, found: found, record: change.record,
            kernels: kernels(change.record, found: found) { try change.initrd(for: $0) },
            makedumpfile: DiskFiles.makedumpfile(of: root), templates: templates)
        try change.record.set(plan.state)
        try change.edit { root in try DiskFiles.apply(plan.edits, to: root) }
        return plan.warnings
    }

    private func checkAnswers(_ guest: RunningGuest) throws {
        guard let silence = guest.silence else { return }
        let name = guest.record.name
        throw Failure(
            .busy, "\(name) \(silence.words)", hint: "`devbox stop \(name)` first, or wait until it runs again")
    }

    private var targets: GuestTargets { GuestTargets(store, runner: runner) }

    private func arm(_ target: RunningTarget, _ options: ArmingOptions) throws -> Arming {
        let guest = target.guest
        try checkAnswers(guest)
        let files = RunningFiles(target, work: store.work, runner: runner)
        let armed = try guest.record.kdump
        let versions = guest.record.kernels.map(\.version) + (armed.map(Self.versions) ?? [])
        let found = try files.read(KdumpPaths.all(versions))
        let plan = try ArmingPlan(
            options, found: found, record: guest.record,
            kernels: kernels(guest.record, found: found) { version in
                // Its disk is in use: the initrd that it started from does as well.
                let initrd = guest.record.kernels.first { $0.version == version }?.initrd
                return try initrd.map { try Files.read(guest.files.boot.appending($0), limit: 256 << 20) }
            }, makedumpfile: files.makedumpfile(), templates: templates)
        var state = plan.state
        let earlier = armed?.settings ?? []
        for index in state.settings.indices {
            state.settings[index].before = earlier.first { $0.name == state.settings[index].name }?.before
        }
        func save() throws -> GuestRecord {
            try RunningRecord.change(guest, in: store, runner: runner) { record in
                try record.set(state)
                record.memory = plan.memory
            }
        }
        // What is to be undone is known before anything is changed, whatever interrupts it.
        var record = try save()
        try files.apply(plan.edits)
        var warnings = plan.warnings
        // In a container the kernel is the host's, and nobody's to be changed.
        if guest.state.mode == .kvm {
            let dropped = earlier.filter { old in !state.settings.contains { $0.name == old.name } }
            _ = try files.set(dropped.compactMap { setting in setting.former.map { (setting.name, $0) } })
            let before = try files.set(state.settings.map { ($0.name, $0.value) })
            for index in state.settings.indices {
                let name = state.settings[index].name
                state.settings[index].before = earlier.first { $0.name == name }.map(\.before) ?? before[name]
                if before[name] == nil {
                    warnings.append("the running kernel has no sysctl \(name), or refuses its value")
                }
            }
        }
        record = try save()
        // Memory for its crash kernel may be there already, from an earlier arming.
        var isLoaded = false
        if guest.state.mode == .kvm {
            do {
                let output = try files.run("kdump/load.sh", [], purpose: "load its crash kernel")
                isLoaded = output.text == "1 \(state.crashKernel)\n"
            } catch let error as any ReportableError where error.exitCode != .interrupted {
                warnings.append("\(error.message): it will when it is restarted")
            }
        }
        return Arming(
            record: record, state: state, reserved: plan.reserved, warnings: warnings, mode: guest.state.mode,
            isLoaded: isLoaded)
    }

    /// What disarming did.
    public struct Disarmed: Sendable {
        /// Whether the guest was armed.
        public let wasArmed: Bool
        /// Files that were edited since: they stay as they are.
        public let edited: [String]
        /// Whether it ran meanwhile: what is reserved for the crash kernel is free after a restart.
        public let mode: GuestMode?
        /// Sysctls of the running kernel that stay as they are until then.
        public let remaining: [String]
    }

    /// Brings back what arming changed.
    public func disarm(_ name: String) throws -> Disarmed {
        let lock = try changing(name, for: "kdump-disarm")
        defer { _ = lock.descriptor }
        if let running = try targets.running(name) { return try disarm(running) }
        var edit = try DiskEdit(name, for: "kdump-disarm", in: store, runner: runner)
        guard let state = try edit.record.kdump else {
            return Disarmed(wasArmed: false, edited: [], mode: nil, remaining: [])
        }
        let found = try DiskFiles.read(state.files.map(\.path), of: edit.openRoot())
        let disarming = Disarming(state, found: found)
        edit.record.memory = disarming.memory(of: edit.record)
        edit.record.remove(KdumpState.self)
        try edit.transact { root in try DiskFiles.apply(disarming.edits, to: root) }
        return Disarmed(wasArmed: true, edited: disarming.edited, mode: nil, remaining: [])
    }

    private func disarm(_ target: RunningTarget) throws -> Disarmed {
        let guest = target.guest
        guard let state = try guest.record.kdump else {
            return Disarmed(wasArmed: false, edited: [], mode: guest.state.mode, remaining: [])
        }
        let files = RunningFiles(target, work: store.work, runner: runner)
        try checkAnswers(guest)
        let disarming = Disarming(state, found: try files.read(state.files.map(\.path)))
        // It would be started at a panic still, and stand there without saving anything.
        let settings = disarming.before[KdumpPaths.settings]?.text ?? ""
        if guest.state.mode == .kvm, ConfigText.value(of: "USE_KDUMP", in: settings) != "1" {
            try files.run("kdump/unload.sh", [], purpose: "let go of its crash kernel")
        }
        try files.apply(disarming.edits)
        var remaining: [String] = []
        if guest.state.mode == .kvm {
            let done = try files.set(state.settings.compactMap { setting in setting.former.map { (setting.name, $0) } })
            remaining = state.settings.map(\.name).filter { done[$0] == nil }
        }
        _ = try RunningRecord.change(guest, in: store, runner: runner) { record in
            record.memory = disarming.memory(of: record)
            record.remove(KdumpState.self)
        }
        return Disarmed(wasArmed: true, edited: disarming.edited, mode: guest.state.mode, remaining: remaining)
    }

    private func plan(_ record: GuestRecord, _ options: ArmingOptions, on edit: borrowing DiskEdit) throws -> ArmingPlan
    {
        let versions = try record.kernels.map(\.version) + (record.kdump.map(Self.versions) ?? [])
        let root = try edit.openRoot()
        let found = try DiskFiles.read(KdumpPaths.all(versions), of: root)
        let makedumpfile = try DiskFiles.makedumpfile(of: root)
        var initrds: [String: [UInt8]] = [:]
        for kernel in record.kernels { initrds[kernel.version] = try edit.initrd(for: kernel.version) }
        return try ArmingPlan(
            options, found: found, record: record, kernels: kernels(record, found: found) { initrds[$0] },
            makedumpfile: makedumpfile, templates: templates)
    }

    private func kernels(
        _ record: GuestRecord, found: [String: GuestFile], initrd: (String) throws -> [UInt8]?
    ) throws -> [ArmingPlan.Kernel] {
        try record.kernels.map { kernel in
            let file = store.files(record.name).boot.appending(kernel.vmlinuz)
            return ArmingPlan.Kernel(
                version: kernel.version, config: found[KdumpPaths.config(kernel.version)]?.text.map(KernelConfig.init),
                initrd: try initrd(kernel.version),
                holds: { !KernelImage.strings([$0], in: try Files.read(file, limit: KernelImage.sizeLimit)).isEmpty })
        }
    }

    /// The kernels that an earlier arming made initrds for; some may be gone.
    private static func versions(of state: KdumpState) -> [String] {
        let prefix = KdumpPaths.initrd("")
        return state.files.filter { $0.path.hasPrefix(prefix) }.map { String($0.path.dropFirst(prefix.count)) }
    }

    /// Keeps two commands from changing one running guest at a time; the guest's own lock is its supervisor's then.
    private func changing(_ name: String, for purpose: String) throws -> FileLock {
        _ = try store.load(name)
        return try FileLock(
            store.work.lock(.kdump(name)), of: "kdump of \(name)", for: purpose,
            onWait: runner.console.say)
    }
}

extension KdumpState.Setting {
    /// What a running kernel gets back: what it had, else what a kernel has where nobody asks for a panic.
    fileprivate var former: String? {
        before ?? (PanicCause.allCases.flatMap(\.sysctls).contains { $0.setting.name == name } ? "0" : nil)
    }
}
