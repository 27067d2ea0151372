import DevboxCore
import Glibc
import Guests
import HostTools
import Images
import Sandbox
import SystemPackage

/// What was found out about the host's features; what follows from it is said by `FeatureChecks`.
struct HostFacts: Sendable, Equatable {
    /// A device of the host.
    enum Device: Sendable, Equatable {
        case absent
        /// It is there; this user may not open it.
        case closed
        case open
    }

    /// What came out of trying KVM.
    enum Acceleration: Sendable, Equatable {
        case works
        case fails(String)
        case untried(String)
    }

    var isRoot = true
    var host: Architecture? = .amd64
    var fuse = Device.open
    var loop = Device.open
    /// Whether an ordinary user can make the namespaces of a sandbox.
    var userNamespaces = true
    /// Whether there is a QEMU for the host's own architecture.
    var hasMachine = true
    var hasCgroup2 = true
    var hasIDMappedMounts = true
    /// The foreign architectures whose programs run here.
    var emulated: Set<Architecture> = []
    var hasBridge = true
    /// What an ordinary user misses for containers; nil where devbox runs as root, and nobody knows for whom.
    var userContainers: [UserContainers.Lack]?
    var kvm = Acceleration.works
    /// Bytes that are free where the work directory is, or would be.
    var freeBytes: Int64 = 1 << 40
    var workDirectory = ""
}

extension HostFacts {
    /// Looks at the host.
    ///
    /// - Parameters:
    ///   - work: the work directory; nil where there is none, in which case nothing can be started under KVM.
    ///   - wantedWork: where the work directory is, or would be.
    static func gather(work: WorkDirectory?, wantedWork: FilePath, runner: Runner) throws -> HostFacts {
        var facts = HostFacts()
        facts.isRoot = DevboxCore.isRoot
        facts.host = .host
        facts.fuse = device("/dev/fuse")
        facts.loop = device("/dev/loop-control")
        facts.userNamespaces = canEnclose(runner)
        facts.hasMachine = facts.host.map { QEMUMachine($0).program.path != nil } ?? false
        facts.hasCgroup2 = ((try? Files.text("/proc/filesystems")) ?? "").split(whereSeparator: \.isWhitespace)
            .contains("cgroup2")
        facts.hasIDMappedMounts = isKernel(atLeast: (5, 12))
        facts.emulated = Set(
            Architecture.allCases.filter { !$0.runsNatively && (try? ForeignCode.way(for: $0)) != nil })
        facts.hasBridge = Files.exists("/sys/class/net/lxcbr0/bridge")
        if !facts.isRoot { facts.userContainers = try UserContainers.gather(runner).lacks }
        facts.kvm = try acceleration(work, runner)
        (facts.freeBytes, facts.workDirectory) = (freeBytes(at: wantedWork), wantedWork.string)
        return facts
    }

    private static func device(_ path: String) -> Device {
        let descriptor = open(path, O_RDWR | O_CLOEXEC)
        if descriptor >= 0 {
            close(descriptor)
            return .open
        }
        return errno == EACCES || errno == EPERM ? .closed : .absent
    }

    /// Tried for real: what keeps an ordinary user from it differs from one distribution to the next.
    private static func canEnclose(_ runner: Runner) -> Bool {
        var command = Unshare.enclose(Command(Unshare.program, ["--version"]), asUser: true)
        if DevboxCore.isRoot {
            let nobody: uid_t = 65_534
            command = Setpriv.run(command, as: Owner(uid: nobody, gid: nobody, home: "/"), group: nil)
        }
        return (try? runner.attempt(command, directory: "/", limit: .seconds(5)).status.isSuccess) ?? false
    }

    private static func isKernel(atLeast wanted: (Int, Int)) -> Bool {
        let release = (try? Files.text("/proc/sys/kernel/osrelease", limit: 256)) ?? ""
        let numbers = release.split { !$0.isNumber }.prefix(2).compactMap { Int($0) }
        return numbers.count == 2 && (numbers[0], numbers[1]) >= wanted
    }

    private static func acceleration(_ work: WorkDirectory?, _ runner: Runner) throws -> Acceleration {
        guard Files.exists("/dev/kvm") else { return .fails("the host has no /dev/kvm") }
        guard let work else { return .untried("there is no work directory, and so no kernel to try it with") }
        let images = ImageStore(work)
        let loaded = try images.names().compactMap { try? images.load($0) }
        guard let image = loaded.first(where: { AcceleratorProbe.isCandidate($0.architecture) && !$0.kernels.isEmpty })
        else {
            return .untried("there is no image with a kernel to try it with")
        }
        guard QEMUMachine(image.architecture).program.path != nil else { return .untried("QEMU is missing") }
        let kernel = images.image(image.name).boot.appending(image.kernels[0].vmlinuz)
        let finding = try AcceleratorProbe(work, runner: runner).best(for: image.architecture, kernel: kernel)
        return finding.accelerator == .kvm ? .works : .fails(finding.reason ?? "it did not run a kernel")
    }

    /// What is free where the path is, or where it would be made.
    private static func freeBytes(at path: FilePath) -> Int64 {
        var path = path
        while !Files.exists(path), path.components.count > 0 { path.removeLastComponent() }
        var status = statvfs()
        guard statvfs(path.string, &status) == 0 else { return 0 }
        return Int64(status.f_bavail) * Int64(status.f_frsize)
    }
}
