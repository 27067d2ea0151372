import CLinux
import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// What a guest's container is made of, in the enclosure's private folder.
struct ContainerFiles {
    let folder: PrivateFolder
    /// What LXC calls the container: unique on the host, also for guests of one name in two work directories.
    let name: String
    var config: FilePath { folder.lxc.appending(name).appending("config") }
    var log: FilePath { folder.path.appending("lxc.log") }
    /// Where systemd reports that it has started up.
    var notify: FilePath { folder.path.appending("notify") }

    /// How the host runs the guest's programs.
    let code: ForeignCode

    init(_ supervisor: Supervisor, in folder: PrivateFolder) throws {
        self.folder = folder
        code = try ForeignCode.way(for: supervisor.record.architecture)
        name = Self.name(of: supervisor.record)
        try Files.makeDirectory(folder.root)
        try Files.makeDirectory(folder.lxc.appending(name))
        try folder.assembleShare(of: supervisor.work, forContainer: true)
        if !supervisor.plan.extras.isEmpty { try folder.assemble(supervisor.plan.extras) }
        try mapIDs()
    }

    static func name(of record: GuestRecord) -> String { "devbox-\(record.name)-\(record.id.prefix(8))" }

    /// LXC maps only what /etc/subuid and /etc/subgid allow root; in this namespace, and nowhere else, they allow it.
    private func mapIDs() throws {
        let file = folder.path.appending("subid")
        try Files.writeAtomically(
            Array("root:\(Owner.firstSubordinate):\(Owner.subordinateCount)\n".utf8), to: file, mode: 0o644)
        for target in ["/etc/subuid", "/etc/subgid"] {
            try posix("map the container's ids") { devbox_mount_bind(file.string, target, 1) }
        }
    }

    /// Writes the container's configuration.
    ///
    /// - Parameter system: whether it boots the guest's init; else it runs one command.
    func writeConfig(_ supervisor: Supervisor, system: Bool) throws {
        var values: [String: any Sendable] = [
            "hostname": supervisor.record.identity.hostname, "root": folder.root.string, "share": folder.share.string,
            "firstID": Int(Owner.firstSubordinate), "idCount": Int(Owner.subordinateCount),
            "macAddress": supervisor.record.identity.macAddress, "system": system, "container": name,
            "notify": notify.string, "consoleLog": supervisor.files.consoleLog.string,
            "term": supervisor.plan.terminal ?? "dumb",
        ]
        if !supervisor.plan.extras.isEmpty { values["extras"] = folder.extras.string }
        if let bridge = supervisor.plan.bridge { values["bridge"] = bridge }
        if supervisor.plan.unsynced {
            let file = folder.path.appending("seccomp")
            try Files.writeAtomically(Array(supervisor.templates.text("unsynced.seccomp").utf8), to: file)
            values["unsynced"] = file.string
        }
        // 32-bit programs on a 64-bit kernel: `uname -m` and what builds by it are to say so; personality(2).
        if code == .native, supervisor.record.architecture != Architecture.host {
            values["personality"] = "linux32"
        }
        if code != .native { try prepareEmulation(&values, supervisor) }
        let text = try supervisor.templates.render("lxc.conf.mustache", values)
        try Files.writeAtomically(Array(text.utf8), to: config)
    }

    /// What the container of another architecture has beside the others'.
    private func prepareEmulation(_ values: inout [String: any Sendable], _ supervisor: Supervisor) throws {
        func write(_ template: String, _ variables: [String: any Sendable], mode: mode_t) throws -> FilePath {
            let file = folder.path.appending(template.hasSuffix(".mustache") ? String(template.dropLast(9)) : template)
            try Files.writeAtomically(Array(supervisor.templates.render(template, variables).utf8), to: file)
            try Files.setMode(file, mode)
            return file
        }
        values["emulated"] = true
        values["emulatedServices"] = try write("foreign-service.conf", [:], mode: 0o644).string
        if let emulator = code.emulator {
            values["foreignHook"] = try write("foreign-code.sh.mustache", ["registration": emulator.line], mode: 0o755)
                .string
        }
    }

    /// The last thing that LXC complained about.
    var complaint: String {
        let text = (try? Files.text(log)) ?? ""
        let line = text.split(separator: "\n").last { $0.contains("ERROR") } ?? ""
        return line.split(separator: " - ", maxSplits: 1).last.map(String.init) ?? String(line)
    }
}
