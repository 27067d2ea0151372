import DevboxCore

/// What follows from the facts about a host: a check a feature.
enum FeatureChecks {
    /// Less than this does not hold one small guest.
    static let leastSpace: Int64 = 1 << 30
    /// Less than this does not hold an image and some guests.
    static let wantedSpace: Int64 = 5 << 30

    static func all(_ facts: HostFacts) -> [Check] {
        [
            device(
                "FUSE", facts.fuse, path: "/dev/fuse", for: "stopped guests' disks on the host", facts,
                packages: ["fuse3"]),
            device(
                "loop devices", facts.loop, path: "/dev/loop-control", for: "guests' files in containers", facts),
            userNamespaces(facts),
            flag(
                "cgroup2", facts.hasCgroup2, for: "guests as containers",
                missing: "the host's kernel has no cgroup version 2"),
            flag(
                "idmapped mounts", facts.hasIDMappedMounts, for: "guests' disks and the share in containers",
                missing: "the host's kernel is older than 5.12"),
            appliance(facts), containersAsRoot(facts), containersAsUser(facts),
            kvm(facts), bridge(facts), space(facts),
        ] + Architecture.allCases.filter { isForeign($0, on: facts.host) }.map { emulation($0, facts) }
    }

    private static func device(
        _ name: String, _ device: HostFacts.Device, path: String, for purpose: String, _ facts: HostFacts,
        packages: [String] = []
    ) -> Check {
        switch device {
        case .open: Check(name, .ok, for: purpose, isNeeded: true)
        // An ordinary user has the appliance, which needs none of it.
        case .closed where !facts.isRoot:
            Check(
                name, .limited, for: purpose, isNeeded: false, detail: "\(path) is root's: the appliance does without")
        case .closed:
            Check(name, .missing, for: purpose, isNeeded: true, detail: "\(path) cannot be opened, not even by root")
        case .absent:
            Check(
                name, .missing, for: purpose, isNeeded: facts.isRoot, detail: "the host has no \(path)",
                packages: packages)
        }
    }

    private static func flag(_ name: String, _ value: Bool, for purpose: String, missing: String) -> Check {
        Check(name, value ? .ok : .missing, for: purpose, isNeeded: true, detail: value ? nil : missing)
    }

    /// Root makes its namespaces without one, so only an ordinary user's main job needs them.
    private static func userNamespaces(_ facts: HostFacts) -> Check {
        Check(
            "user namespaces", facts.userNamespaces ? .ok : .missing, for: "virtual machines without root",
            isNeeded: !facts.isRoot,
            detail: facts.userNamespaces
                ? nil
                : "ordinary users may not make them here: see the sysctls kernel.unprivileged_userns_clone, "
                    + "kernel.apparmor_restrict_unprivileged_userns and user.max_user_namespaces; or run devbox as root"
        )
    }

    /// What works on stopped guests without root, and on those of strangers.
    private static func appliance(_ facts: HostFacts) -> Check {
        let lacks =
            (facts.hasMachine ? [] : ["QEMU for \(facts.host?.rawValue ?? "this processor")"])
            + (facts.isRoot || facts.userNamespaces ? [] : ["user namespaces"])
        return Check(
            "appliance", lacks.isEmpty ? .ok : .missing,
            for: "stopped guests without root or of strangers; kernels without their init", isNeeded: !facts.isRoot,
            detail: lacks.isEmpty ? nil : "without " + lacks.joined(separator: ", "))
    }

    /// The first of the ways in which guests run, and commands in stopped ones.
    private static func containersAsRoot(_ facts: HostFacts) -> Check {
        let lacks = [
            ("/dev/fuse", facts.fuse != .absent), ("/dev/loop-control", facts.loop != .absent),
            ("cgroup version 2", facts.hasCgroup2), ("idmapped mounts", facts.hasIDMappedMounts),
        ].filter { !$0.1 }.map(\.0)
        return Check(
            "containers as root", lacks.isEmpty ? .ok : .missing,
            for: "guests as containers, commands in stopped guests",
            isNeeded: false, detail: lacks.isEmpty ? nil : "without " + lacks.joined(separator: ", "))
    }

    /// The second.
    private static func containersAsUser(_ facts: HostFacts) -> Check {
        let (name, purpose) = ("containers as a user", "guests as containers, without root")
        guard let lacks = facts.userContainers else {
            return Check(name, .untried, for: purpose, isNeeded: false, detail: "`devbox doctor` as that user tries it")
        }
        return Check(
            name, lacks.isEmpty ? .ok : .missing, for: purpose, isNeeded: false,
            detail: lacks.isEmpty ? nil : lacks.map { "\($0.what) (\($0.hint))" }.joined(separator: "; "),
            packages: lacks.compactMap(\.package))
    }

    private static func kvm(_ facts: HostFacts) -> Check {
        let purpose = "virtual machines at full speed"
        return switch facts.kvm {
        case .works: Check("KVM", .ok, for: purpose, isNeeded: false, detail: "a kernel ran under it")
        case .fails(let reason):
            Check(
                "KVM", .missing, for: purpose, isNeeded: false, detail: "\(reason); virtual machines are emulated (TCG)"
            )
        case .untried(let reason): Check("KVM", .untried, for: purpose, isNeeded: false, detail: reason)
        }
    }

    private static func bridge(_ facts: HostFacts) -> Check {
        Check(
            "bridge lxcbr0", facts.hasBridge ? .ok : .missing, for: "the network of containers", isNeeded: false,
            detail: facts.hasBridge ? nil : "containers have no network, unless --bridge names another one")
    }

    private static func space(_ facts: HostFacts) -> Check {
        let state: Check.State =
            facts.freeBytes < leastSpace ? .missing : facts.freeBytes < wantedSpace ? .limited : .ok
        return Check(
            "disk space", state, for: "images and guests", isNeeded: true,
            detail: "\(ByteSize.text(facts.freeBytes)) free for \(facts.workDirectory)"
                + (state == .ok ? "" : ", \(ByteSize.text(wantedSpace)) wanted"))
    }

    private static func emulation(_ architecture: Architecture, _ facts: HostFacts) -> Check {
        let isThere = facts.emulated.contains(architecture)
        return Check(
            "\(architecture.rawValue) programs", isThere ? .ok : .missing,
            for: "\(architecture.rawValue) containers and images",
            isNeeded: false,
            detail: isThere
                ? nil
                : "no emulator is registered in binfmt_misc, and none can be in a namespace (Linux 6.7, qemu-user-static)",
            packages: ["qemu-user-static", "binfmt-support"])
    }

    private static func isForeign(_ architecture: Architecture, on host: Architecture?) -> Bool {
        switch (host, architecture) {
        case (.amd64, .i386), (.arm64, .armhf): false
        case (let host, _): host != architecture
        }
    }
}
