import DevboxCore
import Disks
import Dumps
import FoundationEssentials
import Guests
import HostTools
import Targets

/// Whether a panic of a guest's kernel would leave a dump.
public struct KdumpStatus: Sendable, Encodable {
    /// The guest's name.
    public var guest: String
    /// Whether it runs; where it does not, all is said of its next start.
    public var running: Bool
    /// Whether devbox armed it.
    public var armed: Bool
    /// Why a panic would leave no dump; empty where it would.
    public var obstacles: [String] = [] {
        didSet { ready = obstacles.isEmpty }
    }
    /// Whether a panic would leave a dump.
    public private(set) var ready = true
    /// What is wanted, or is on the command line of the running kernel: the value of `crashkernel=`.
    public var crashKernel: String?
    /// What the running kernel has reserved, in bytes.
    public var reservedBytes: Int64?
    /// Whether the kernel that saves the dump is loaded.
    public var loaded: Bool?
    /// The sysctls that the guest was armed with.
    public var settings: [Setting] = []
    /// Free space where the dump would go, in bytes.
    public var availableBytes: Int64?
    /// What a dump may take, in bytes.
    public var expectedBytes: Int64?
    /// How many dumps are in the guest; nil where nobody could look.
    public var dumps: Int?
    /// How many of them were not brought out yet.
    public var waiting: Int?
    /// What else is to be known.
    public var remarks: [String] = []

    /// An obstacle of arm64, which only a dump can disprove: what kexec-tools of Debian 12 and 13 tell the crash kernel of the memory
    /// is not understood by their makedumpfile ("vaddr_to_paddr_arm64: Can't read pgd"), and kdump-config takes no notice.
    public static let arm64Doubt =
        "on arm64 makedumpfile was seen to leave an empty file: `devbox start --on-panic dump` takes a dump from outside"

    /// A sysctl.
    public struct Setting: Sendable, Encodable {
        /// With dots.
        public var name: String
        /// What the guest was armed with.
        public var wanted: String
        /// What the running kernel has; nil where it has no such sysctl, or none runs.
        public var actual: String?
    }
}

/// Finds it out, from a stopped guest's disk or from the kernel of a running one.
public struct KdumpInspector: Sendable {
    private let store: GuestStore
    private let runner: Runner

    /// Looks at the guests of a work directory.
    public init(_ store: GuestStore, runner: Runner) { (self.store, self.runner) = (store, runner) }

    /// The status of a guest. It changes nothing.
    public func status(of name: String) throws -> KdumpStatus {
        if let running = try GuestTargets(store, runner: runner).running(name) {
            var status = try self.status(of: running)
            judgeSpace(&status)
            doubt(&status, running.guest.record.architecture)
            return status
        }
        let record = try GuestKernels.current(name, in: store, runner: runner)
        let guest = try StoppedGuest(name, in: store, for: "kdump-status", runner: runner)
        var status = try self.status(of: record, on: guest.openRoot())
        try count(&status) { try GuestDumps(on: guest, in: store.work) }
        judgeSpace(&status)
        doubt(&status, record.architecture)
        return status
    }

    /// A /var/crash that cannot be looked into keeps no dump from being saved somewhere else.
    private func count(_ status: inout KdumpStatus, _ dumps: () throws -> GuestDumps) throws {
        do {
            let dumps = try dumps()
            (status.dumps, status.waiting) = (dumps.count, dumps.waiting)
        } catch let error as any ReportableError where error.exitCode != .interrupted {
            status.remarks.append("its dumps cannot be counted: \(error.message)")
        }
    }

    private func doubt(_ status: inout KdumpStatus, _ architecture: Architecture) {
        if architecture == .arm64, status.armed { status.obstacles.append(KdumpStatus.arm64Doubt) }
    }

    private func judgeSpace(_ status: inout KdumpStatus) {
        guard let available = status.availableBytes, let expected = status.expectedBytes, available < expected else {
            return
        }
        status.obstacles.append(
            "the disk has \(ByteSize.text(available)) free, and a dump may take \(ByteSize.text(expected))")
    }

    // MARK: A guest that does not run

    private func status(of record: GuestRecord, on root: borrowing Ext4FileSystem) throws -> KdumpStatus {
        let armed = try record.kdump
        var status = KdumpStatus(guest: record.name, running: false, armed: armed != nil)
        status.availableBytes = try root.freeBytes(at: "/var/crash")
        // What the disk has there lies below what the guest mounts on it.
        for part in record.root.elsewhere ?? []
        where ["/boot", "/usr", "/var", "/var/lib", "/var/lib/kdump", "/var/crash"].contains(part.path) {
            status.obstacles.append(part.words)
        }
        guard let state = armed else {
            status.obstacles.append("it is not armed: `devbox kdump-arm \(record.name)`")
            return status
        }
        status.crashKernel = state.crashKernel
        status.settings = state.settings.map { .init(name: $0.name, wanted: $0.value, actual: nil) }
        status.expectedBytes = DumpSize.bound(level: state.dumpLevel, memory: record.memory)
        if record.mode == .lxc {
            status.obstacles.append(
                "it starts as a container, whose kernel is the host's: `devbox flip \(record.name) kvm`")
        }
        let versions = record.kernels.map(\.version)
        let files = try DiskFiles.read(KdumpPaths.all(versions), of: root)
        if files[KdumpPaths.tool]?.digest == nil { status.obstacles.append("it has no kdump-tools any more") }
        if let written = state.files.first(where: { $0.path == KdumpPaths.sysctls }),
            files[KdumpPaths.sysctls]?.digest != written.after
        {
            status.remarks.append(
                "\(KdumpPaths.sysctls) is not as it was written: the faults that make it panic may be others")
        }
        if ConfigText.value(of: "USE_KDUMP", in: files[KdumpPaths.settings]?.text ?? "") != "1" {
            status.obstacles.append("\(KdumpPaths.settings) has no USE_KDUMP=1 any more")
        }
        let isEnabled = ["basic.target", "multi-user.target"].contains { target in
            if case .link? = files[KdumpPaths.wants(target)] { true } else { false }
        }
        if !isEnabled { status.obstacles.append("its kdump-tools.service is not enabled any more") }
        if let kernel = record.startingKernel {
            let config = files[KdumpPaths.config(kernel.version)]?.text.map(KernelConfig.init)
            let missing = KernelConfig.neededForDumps.filter { config?.has($0) == false }
            if !missing.isEmpty {
                status.obstacles.append(
                    "its kernel \(kernel.version) was built without \(missing.joined(separator: ", "))")
            }
        } else if record.mode == .kvm {
            status.obstacles.append("it has no kernel")
        }
        return status
    }

    // MARK: A running one

    private func status(of target: RunningTarget) throws -> KdumpStatus {
        let guest = target.guest
        let record = guest.record
        let armed = try record.kdump
        var status = KdumpStatus(guest: record.name, running: true, armed: armed != nil)
        if guest.state.mode == .lxc {
            status.crashKernel = armed?.crashKernel
            status.settings = (armed?.settings ?? []).map { .init(name: $0.name, wanted: $0.value, actual: nil) }
            status.obstacles.append(
                "it runs as a container, whose kernel is the host's: `devbox flip \(record.name) kvm`")
            return status
        }
        if let silence = guest.silence {
            status.obstacles.append("it \(silence.words)")
            return status
        }
        let wanted = armed?.settings ?? PanicCause.usual.flatMap(\.sysctls).map(\.setting)
        let files = RunningFiles(target, work: store.work, runner: runner)
        let list = try store.templates.script(GuestDumps.lister)
        let output = try files.run("kdump/status.sh", [list] + wanted.map(\.name), purpose: "tell its state").output
        let text = String(decoding: output.prefix { $0 != 0 }, as: UTF8.self)
        let answer = Answer(text)
        status.reservedBytes = answer["size"].flatMap { Int64($0) }
        status.loaded = answer["loaded"].map { $0 == "1" }
        status.crashKernel = answer["cmdline"]?.split(separator: " ").last { $0.hasPrefix("crashkernel=") }
            .map { String($0.dropFirst(12)) }
        status.settings = wanted.map { setting in
            .init(
                name: setting.name, wanted: armed == nil ? "-" : setting.value,
                actual: answer.sysctls[setting.name])
        }
        let space = (answer["space"] ?? "").split(separator: " ").compactMap { Int64($0) }
        if space.count == 2, case let (bytes, false) = space[0].multipliedReportingOverflow(by: space[1]) {
            status.availableBytes = bytes
        }
        try count(&status) {
            try GuestDumps(listing: output.drop { $0 != 0 }, of: record, in: store.work)
        }
        status.expectedBytes = DumpSize.bound(
            level: armed?.dumpLevel ?? 31, meminfo: DumpSize.meminfo(text))
        let defaults = Data(base64Encoded: answer["settings"] ?? "") ?? Data()
        judge(&status, record, use: ConfigText.value(of: "USE_KDUMP", in: String(decoding: defaults, as: UTF8.self)))
        for setting in status.settings where status.armed {
            guard let actual = setting.actual, actual != setting.wanted else { continue }
            status.remarks.append("\(setting.name) is \(actual), and not \(setting.wanted) as it was armed with")
        }
        if guest.state.accelerator == "tcg", answer.sysctls[PanicCause.hardlockupPanic] == "1" {
            status.remarks.append("\(PanicCause.hardlockupPanic) catches nothing here: \(PanicCause.hardlockupNeed)")
        }
        return status
    }

    /// - Parameter use: USE_KDUMP in /etc/default/kdump-tools: the crash kernel looks there whether it is to save anything.
    private func judge(_ status: inout KdumpStatus, _ record: GuestRecord, use: String?) {
        if status.reservedBytes ?? 0 == 0 {
            status.obstacles.append(
                !status.armed
                    ? "it is not armed: `devbox kdump-arm \(record.name)`"
                    : status.crashKernel == nil
                        ? "its kernel was started before it was armed: restart it"
                        : "its kernel could not reserve \(status.crashKernel ?? "")")
        } else if status.loaded != true {
            status.obstacles.append(
                !status.armed
                    ? "it is not armed: `devbox kdump-arm \(record.name)`"
                    : "the crash kernel is not loaded: `devbox exec \(record.name) -- systemctl status kdump-tools` says why"
            )
        } else if use != "1" {
            status.obstacles.append("\(KdumpPaths.settings) has no USE_KDUMP=1: its crash kernel would save nothing")
        }
    }

    /// What the script printed: lines of a word and a text.
    private struct Answer {
        private var lines: [Substring: String] = [:]
        private(set) var sysctls: [String: String] = [:]

        init(_ text: String) {
            for line in text.split(separator: "\n") {
                let words = line.split(separator: " ", maxSplits: 1)
                guard words.count == 2 else { continue }
                if words[0] == "sysctl" {
                    let pair = words[1].split(separator: " ", maxSplits: 1)
                    if pair.count == 2 { sysctls[String(pair[0])] = String(pair[1]) }
                } else {
                    lines[words[0]] = String(words[1])
                }
            }
        }

        subscript(name: Substring) -> String? { lines[name] }
    }
}
