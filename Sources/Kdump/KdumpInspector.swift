import DevboxCore
import Disks
import Dumps
import Guests
import HostTools
import Targets

/// Finds it out, from a stopped guest's disk or from the kernel of a running one.
public struct KdumpInspector: Sendable {
    let store: GuestStore
    let runner: Runner

    /// Looks at the guests of a work directory.
    public init(_ store: GuestStore, runner: Runner) { (self.store, self.runner) = (store, runner) }

    /// The status of a guest. It changes nothing.
    public func status(of name: String) throws -> KdumpStatus {
        if let running = try GuestTargets(store, runner: runner).running(name) {
            var status = try self.status(of: running)
            judge(&status, running.guest.record.architecture)
            return status
        }
        let record = try GuestKernels.current(name, in: store, runner: runner)
        let guest = try StoppedGuest(name, in: store, for: "kdump-status", runner: runner)
        let dumps = try GuestDumps(on: guest, in: store.work)
        var status = try self.status(of: record, on: guest.openRoot(), dumpsTo: dumps.target)
        note(dumps, &status)
        judge(&status, record.architecture)
        return status
    }

    /// What is known of its dumps, and of where they go.
    func note(_ dumps: GuestDumps, _ status: inout KdumpStatus) {
        (status.dumps, status.waiting) = (dumps.count, dumps.waiting)
        status.dumpFolder = dumps.target.folder
        if status.armed || status.running { status.obstacles += dumps.target.obstacles }
        if let remark = dumps.remark, dumps.target.folder != nil { status.remarks.append(remark) }
    }

    /// What makedumpfile makes of the kernel's memory.
    func note(_ makedumpfile: Makedumpfile, kernel: String, settings: ShellSettings, _ status: inout KdumpStatus) {
        let level = Makedumpfile.level(settings)
        guard status.armed || status.running, let needed = makedumpfile.needed(for: kernel, level: level) else {
            return
        }
        status.obstacles.append(
            "\(makedumpfile.name) spoils a dump of \(Names.printable(kernel)) at level \(level), which nothing can read then: level \(level & ~Makedumpfile.userPages) in \(KdumpPaths.settings) fits (`devbox kdump-arm` sets it, where nobody edited that), and makedumpfile \(needed) with any"
        )
    }

    private func judge(_ status: inout KdumpStatus, _ architecture: Architecture) {
        if let available = status.availableBytes, let expected = status.expectedBytes, available < expected {
            status.obstacles.append(
                "the disk has \(ByteSize.text(available)) free, and a dump may take \(ByteSize.text(expected))")
        }
        if architecture == .arm64, status.armed { status.doubt(KdumpStatus.arm64Doubt) }
    }

    // MARK: A guest that does not run

    private func status(
        of record: GuestRecord, on root: borrowing Ext4FileSystem, dumpsTo target: CrashTarget
    ) throws -> KdumpStatus {
        let armed = try record.kdump
        var status = KdumpStatus(guest: record.name, running: false, armed: armed != nil)
        if let folder = target.folder, !target.isHidden { status.availableBytes = try root.freeBytes(at: folder) }
        // What the disk has there lies below what the guest mounts on it.
        for part in ["/boot", "/usr", "/var/lib/kdump"].compactMap(record.root.foreignPart)
        where !status.obstacles.contains(part.words) {
            status.obstacles.append(part.words)
        }
        guard let state = armed else {
            status.obstacles.append("it is not armed: `devbox kdump-arm \(record.name)`")
            return status
        }
        status.crashKernel = state.crashKernel
        status.settings = state.settings.map { .init(name: $0.name, wanted: $0.value, actual: nil) }
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
        let settings = ShellSettings(files[KdumpPaths.settings]?.text ?? "")
        status.expectedBytes = DumpSize.bound(level: Makedumpfile.level(settings), memory: record.memory)
        if settings.text(of: "USE_KDUMP") != "1" {
            status.obstacles.append("\(KdumpPaths.settings) has no USE_KDUMP=1 any more")
        }
        let isEnabled = ["basic.target", "multi-user.target"].contains { target in
            if case .link? = files[KdumpPaths.wants(target)] { true } else { false }
        }
        if !isEnabled { status.obstacles.append("its kdump-tools.service is not enabled any more") }
        status.obstacles += try DiskObstacles.find(
            on: root, of: record, wanted: state.settings.map { ($0.name, $0.value) }, folder: target.folder,
            settings: files[KdumpPaths.settings]?.text ?? "")
        if record.mode == .kvm {
            let reservation = GuestReservations(record, memory: record.memory).next
            if let obstacle = reservation.obstacle {
                if reservation.isDoubtful { status.doubt(obstacle) } else { status.obstacles.append(obstacle) }
            }
        }
        if let kernel = record.startingKernel {
            note(try DiskFiles.makedumpfile(of: root), kernel: kernel.version, settings: settings, &status)
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
}
