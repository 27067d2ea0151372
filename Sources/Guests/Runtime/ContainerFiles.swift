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
    /// What LXC runs in the container's namespaces before the guest's root becomes the root.
    private var foreignHook: FilePath { folder.path.appending("foreign-code") }
    /// Where systemd reports that it has started up.
    var notify: FilePath { folder.path.appending("notify") }

    init(_ supervisor: Supervisor, in folder: PrivateFolder) throws {
        self.folder = folder
        name = Self.name(of: supervisor.record)
        try Files.makeDirectory(folder.root)
        try Files.makeDirectory(folder.lxc.appending(name))
        try folder.assembleShare(of: supervisor.work, forContainer: true)
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
        if let bridge = supervisor.plan.bridge { values["bridge"] = bridge }
        if let emulator = try ForeignCode.way(for: supervisor.record.architecture).emulator {
            let script = try supervisor.templates.render("foreign-code.sh.mustache", ["registration": emulator.line])
            try Files.writeAtomically(Array(script.utf8), to: foreignHook, mode: 0o755)
            try Files.setMode(foreignHook, 0o755)
            values["foreignHook"] = foreignHook.string
        }
        let text = try supervisor.templates.render("lxc.conf.mustache", values)
        try Files.writeAtomically(Array(text.utf8), to: config)
    }

    /// The last thing that LXC complained about.
    var complaint: String {
        let text = (try? Files.text(log)) ?? ""
        let line = text.split(separator: "\n").last { $0.contains("ERROR") } ?? ""
        return line.split(separator: " - ", maxSplits: 1).last.map(String.init) ?? String(line)
    }
}
