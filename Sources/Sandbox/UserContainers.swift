import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// What a host has of what it takes to run guests as containers without root.
public struct UserContainers: Sendable, Equatable {
    /// Where the cgroups of a container can be.
    public enum Cgroup: Sendable, Equatable {
        /// In the one that devbox is in.
        case own
        /// In a scope of the user's systemd.
        case scope
        case none
    }

    /// Something that the host does not have.
    public struct Lack: Sendable, Equatable {
        /// What it is.
        public let what: String
        /// What to do about it.
        public let hint: String
        /// The Debian package that brings it, where one does.
        public let package: String?
    }

    /// The programs that are not there.
    package var missingPrograms: [Program] = []
    /// Whether /etc/subuid, or what stands for it, gives the user ids enough.
    package var hasUserIDs = true
    /// The same of /etc/subgid.
    package var hasGroupIDs = true
    /// Whether a user namespace with all these could be made.
    package var mapsIDs = true
    /// Whether /dev/fuse can be opened.
    package var opensFUSE = true
    /// Whether the host has it.
    package var hasFUSE = true
    /// Where the cgroups of a container can be.
    public package(set) var cgroup = Cgroup.own
    /// The user's name.
    package var user = "you"

    package init() {}

    package static let programs = [
        LXC.start, LXC.attach, IDMapPrograms.users, IDMapPrograms.groups, Fuse2fs.program, StorageDaemon.program,
        Unshare.program, Nsenter.program,
    ]

    /// Looks at the host, as the user that devbox runs as. What can be tried is tried.
    public static func gather(_ runner: Runner) throws -> UserContainers {
        var result = UserContainers()
        result.user = getpwuid(getuid()).flatMap { $0.pointee.pw_name }.map { String(cString: $0) } ?? "\(getuid())"
        result.missingPrograms = programs.filter { $0.path == nil }
        let trial = result.missingPrograms.contains(Unshare.program) ? nil : try? runner.attempt(Unshare.mappedIDsTrial)
        result.mapsIDs = trial.map { $0.status.isSuccess && UserIDs.isEnough($0.text) } ?? false
        if !result.mapsIDs {
            func isGiven(_ file: FilePath) -> Bool {
                UserIDs.isGiven((try? Files.text(file, limit: 1 << 20)) ?? "", to: result.user, uid: getuid())
            }
            (result.hasUserIDs, result.hasGroupIDs) = (isGiven("/etc/subuid"), isGiven("/etc/subgid"))
        }
        result.opensFUSE = access("/dev/fuse", R_OK | W_OK) == 0
        result.hasFUSE = Files.exists("/dev/fuse")
        result.cgroup = DelegatedCgroup.isOwn ? .own : makesScopes(runner) ? .scope : .none
        return result
    }

    private static func makesScopes(_ runner: Runner) -> Bool {
        guard SystemdRun.program.path != nil else { return false }
        let trial = SystemdRun.scope(Command(Unshare.program, ["--version"]))
        return (try? runner.attempt(trial, limit: .seconds(5)).status.isSuccess) ?? false
    }

    /// All that is not there.
    public var lacks: [Lack] {
        var lacks = missingPrograms.map {
            Lack(what: "\($0.name) is missing", hint: "apt-get install \($0.package)", package: $0.package)
        }
        for (isThere, file, option) in [
            (hasUserIDs, "subuid", "--add-subuids"), (hasGroupIDs, "subgid", "--add-subgids"),
        ]
        where !isThere {
            lacks.append(
                Lack(
                    what: "/etc/\(file) gives \(user) no \(UserIDs.count) ids",
                    hint: "usermod \(option) FIRST-LAST \(user) (65536 ids that nobody else has)", package: nil))
        }
        // Where it is for want of what was named above, there is no more to say.
        if !mapsIDs, lacks.isEmpty {
            lacks.append(
                Lack(
                    what: "no user namespace with the ids of \(user) can be made",
                    hint: "it takes util-linux 2.38; see also the sysctls kernel.unprivileged_userns_clone, "
                        + "kernel.apparmor_restrict_unprivileged_userns and user.max_user_namespaces", package: nil))
        }
        if !hasFUSE {
            lacks.append(Lack(what: "the host has no /dev/fuse", hint: "modprobe fuse", package: "fuse3"))
        } else if !opensFUSE {
            lacks.append(Lack(what: "/dev/fuse is closed to \(user)", hint: "chmod 666 /dev/fuse", package: nil))
        }
        if cgroup == .none {
            lacks.append(
                Lack(
                    what: "no cgroup of version 2 is delegated to \(user)",
                    hint:
                        "log in where systemd has a session for the user, or start devbox from within a cgroup that is the user's",
                    package: nil))
        }
        return lacks
    }

    /// Throws `missing`, with all that is missing at once.
    ///
    /// - Parameter command: what root would call instead.
    public func check(asRoot command: String) throws {
        let lacks = lacks
        guard !lacks.isEmpty else { return }
        var hints: [String] = []
        let packages = Set(lacks.filter { $0.hint.hasPrefix("apt-get") }.compactMap(\.package)).sorted()
        if !packages.isEmpty { hints.append("apt-get install \(packages.joined(separator: " "))") }
        hints += lacks.map(\.hint).filter { !$0.hasPrefix("apt-get") }
        throw Failure(
            .missing,
            "a guest cannot run as a container without root here: \(lacks.map(\.what).joined(separator: "; "))",
            hint: (hints + ["or, as root: \(command)"]).joined(separator: "; "))
    }
}
