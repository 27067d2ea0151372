import DevboxCore
import SystemPackage

/// How this host runs an architecture's programs outside of a virtual machine. This is the one place that knows the ways.
public enum ForeignCode: Sendable, Equatable {
    /// The processor runs them.
    case native
    /// The host's own binfmt_misc has an emulator for them, which is found from within a guest too (flag F).
    case hostRegistration
    /// In a user namespace with a binfmt_misc of its own, which Linux allows since 6.7. The host's is left alone.
    case ownRegistration(BinfmtRegistration)

    /// The emulator that is to be registered in a namespace; nil where nothing is.
    public var emulator: BinfmtRegistration? {
        if case .ownRegistration(let registration) = self { registration } else { nil }
    }

    /// What the host has, as far as it matters for the choice.
    struct Host: Sendable {
        /// The text of the host's entry in /proc/sys/fs/binfmt_misc.
        var entry: String?
        /// The registration with an emulator that the host has.
        var registration: BinfmtRegistration?
        /// Whether a user namespace with such a binfmt_misc can be made.
        var allowsOwn: @Sendable (BinfmtRegistration) -> Bool
    }

    /// Finds the way for an architecture.
    ///
    /// - Parameter purpose: what its programs are to be run for.
    /// - Throws: `missing` where there is none, with what to install.
    public static func way(for architecture: Architecture, purpose: String = "a container") throws -> ForeignCode {
        if architecture.runsNatively { return .native }
        return try choose(architecture, purpose: purpose, on: .this(architecture))
    }

    static func choose(_ architecture: Architecture, purpose: String, on host: Host) throws -> ForeignCode {
        if let entry = host.entry, isUsable(entry) { return .hostRegistration }
        let message = "the host cannot run \(architecture.rawValue) programs for \(purpose)"
        guard let registration = host.registration else {
            throw Failure(
                .missing, "\(message): it has no emulator for them",
                hint: "apt-get install qemu-user-static binfmt-support; a guest runs as a virtual machine without them")
        }
        guard host.allowsOwn(registration) else {
            throw Failure(
                .missing,
                "\(message): its binfmt_misc has no usable entry \(registration.name), and a namespace cannot have its own",
                hint:
                    "apt-get install qemu-user-static binfmt-support registers it; from Linux 6.7 on nothing needs to be, "
                    + "where user namespaces are allowed. A guest runs as a virtual machine without it")
        }
        return .ownRegistration(registration)
    }

    /// Whether an entry of binfmt_misc is switched on and has its emulator open already.
    static func isUsable(_ entry: String) -> Bool {
        let lines = entry.split(separator: "\n")
        return lines.first == "enabled" && lines.contains { $0.hasPrefix("flags:") && $0.dropFirst(6).contains("F") }
    }
}

extension ForeignCode.Host {
    /// The host that devbox runs on.
    static func this(_ architecture: Architecture) -> Self {
        let folder = FilePath(PrivateBinfmt.mountPoint)
        let isOn = (try? Files.text(folder.appending("status"), limit: 64))?.hasPrefix("enabled") ?? false
        return Self(
            entry: isOn ? try? Files.text(folder.appending("qemu-\(architecture.qemuUser)"), limit: 4096) : nil,
            registration: BinfmtRegistration(architecture), allowsOwn: PrivateBinfmt.isPossible)
    }
}
