import CLinux
import DevboxCore
import Disks
import Glibc
import HostTools
import SystemPackage
import Templates

/// What a sandbox's container is made of, in its private folder.
public struct Container {
    /// Where it is.
    public let folder: PrivateFolder
    /// How the host runs its programs.
    public let code: ForeignCode
    /// Its root.
    public let root: SandboxRootMount
    /// What LXC calls it.
    public var name: String { plan.name }
    /// Where LXC keeps it, an absolute path.
    public var lxcFolder: FilePath { folder.lxc }
    /// Where systemd reports that it has started up; see sd_notify(3).
    public var notify: FilePath { folder.path.appending("notify") }

    private let plan: SandboxPlan
    private let host: SandboxHost
    private let mounts: [(path: String, source: FilePath)]
    private var config: FilePath { folder.lxc.appending(name).appending("config") }
    private var log: FilePath { folder.path.appending("lxc.log") }

    /// Brings the root and the mounts of a sandbox to where LXC finds them.
    public init(_ host: SandboxHost) throws {
        self.host = host
        plan = host.plan
        folder = try PrivateFolder(for: plan)
        code = try ForeignCode.way(for: plan.architecture)
        let (folder, owner) = (self.folder, host.work.owner)
        mounts = try plan.mounts.map { ($0.path, try folder.assemble($0, owner: owner)) }
        try Files.makeDirectory(folder.lxc.appending(plan.name))
        if !plan.isUsers { try Self.mapIDs(in: folder) }
        root = try SandboxRootMount(plan, in: folder, runner: host.runner)
    }

    /// LXC maps only what /etc/subuid and /etc/subgid allow root; in this namespace, and nowhere else, they allow it.
    private static func mapIDs(in folder: PrivateFolder) throws {
        let file = folder.path.appending("subid")
        try Files.writeAtomically(
            Array("root:\(Owner.firstSubordinate):\(Owner.subordinateCount)\n".utf8), to: file, mode: 0o644)
        for target in ["/etc/subuid", "/etc/subgid"] {
            try posix("map the container's ids") { devbox_mount_bind(file.string, target, 1) }
        }
    }

    /// The program that boots the root's own init, in the foreground.
    ///
    /// - Parameter consoleLog: where LXC writes what its console prints.
    public func boot(consoleLog: FilePath) throws -> Command {
        var values: [String: any Sendable] = [
            "system": true, "container": name, "notify": notify.string, "consoleLog": consoleLog.string,
        ]
        if code != .native {
            values["emulatedServices"] = try write("foreign-service.conf", [:], mode: 0o644).string
        }
        try writeConfig(values)
        return try root.around(LXC.start(name, in: folder.lxc, log: log), templates: host.templates)
    }

    /// The program that runs a command without an init.
    ///
    /// - Parameter words: the command as it is run, with what is around it.
    func run(_ words: [String], _ command: SandboxCommand) throws -> Command {
        var values: [String: any Sendable] = ["term": command.terminal ?? "dumb"]
        if command.isUnsynced { values["unsynced"] = try write("unsynced.seccomp", [:], mode: 0o644).string }
        try writeConfig(values)
        return try root.around(
            LXC.execute(words, name: name, in: folder.lxc, config: config, log: log), templates: host.templates)
    }

    private func writeConfig(_ given: [String: any Sendable]) throws {
        var values = given
        values["hostname"] = plan.hostname
        values["root"] = root.path.string
        values["isReadOnly"] = !plan.isWritable
        if plan.isUsers {
            values["ownIDs"] = try [("u", "/proc/self/uid_map"), ("g", "/proc/self/gid_map")].flatMap { kind, map in
                try UserIDs.ranges(Files.text(FilePath(map), limit: 64 << 10)).map {
                    ["kind": kind, "first": "\($0.lowerBound)", "count": "\($0.count)"]
                }
            }
        } else {
            values["ids"] = Owner.subordinates.map {
                [
                    "first": Int($0.lowerBound), "outside": Int($0.lowerBound + Owner.firstSubordinate),
                    "count": $0.count,
                ]
            }
        }
        guard root.parts.allSatisfy({ DiskPart.isPlain($0.path) }) else {
            throw Failure(.badInput, "a part of the disk is mounted where no container can have it")
        }
        values["parts"] = root.parts.map { ["source": $0.source.string, "path": String($0.path.drop { $0 == "/" })] }
        values["idmap"] = !plan.isUsers
        values["mounts"] = mounts.map { ["source": $0.source.string, "path": String($0.path.drop { $0 == "/" })] }
        if case .bridge(let bridge, let macAddress) = plan.network {
            values["bridge"] = bridge
            values["macAddress"] = macAddress
        }
        // 32-bit programs on a 64-bit kernel: `uname -m` and what builds by it are to say so; personality(2).
        if code == .native, plan.architecture != Architecture.host { values["personality"] = "linux32" }
        if code != .native { values["emulated"] = true }
        if let emulator = code.emulator {
            values["foreignHook"] = try write("foreign-code.sh.mustache", ["registration": emulator.line], mode: 0o755)
                .string
        }
        let text = try host.templates.render("lxc.conf.mustache", values)
        try Files.writeAtomically(Array(text.utf8), to: config)
    }

    private func write(_ template: String, _ variables: [String: any Sendable], mode: mode_t) throws -> FilePath {
        let file = folder.path.appending(template.hasSuffix(".mustache") ? String(template.dropLast(9)) : template)
        try Files.writeAtomically(Array(host.templates.render(template, variables).utf8), to: file)
        try Files.setMode(file, mode)
        return file
    }

    /// The first thing that LXC complained about: what follows is what came of it.
    public var complaint: String {
        let text = (try? Files.text(log)) ?? ""
        return Self.complaint(in: text)
    }

    /// - Parameter log: what LXC wrote. What an ordinary user's container does well without is no complaint.
    static func complaint(in log: String) -> String {
        let line =
            log.split(separator: "\n").first { line in
                line.contains("ERROR")
                    && !["bpf_program_load_kernel", "delegate_controllers"].contains(where: line.contains)
            } ?? ""
        return line.split(separator: " - ", maxSplits: 1).last.map(String.init) ?? String(line)
    }
}
