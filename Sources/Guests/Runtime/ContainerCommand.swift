import CLinux
import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// One command in a stopped guest: its disk mounted, a container without an init around it, and all away again.
struct ContainerCommand {
    private let supervisor: Supervisor

    init(_ supervisor: Supervisor) { self.supervisor = supervisor }

    /// Where the command's status comes out of the container: lxc-execute's own would mix with its failures.
    private static let statusNumber: Int32 = 9
    /// Runs the command at root's home, as ssh does, reports its status, and ends whatever it left running. A constant text; the command
    /// is its arguments.
    private static let wrapper =
        #"trap : HUP INT QUIT TERM; (cd 2>/dev/null; exec "$@" 9>&-); echo $? >&9; kill -9 -1 2>/dev/null"#

    func run() throws -> Int32 {
        let folder = try PrivateFolder(for: supervisor.files)
        // Without a cgroup file system LXC makes no cgroup, and none can be left behind.
        try posix("cover the cgroups") { devbox_mount_tmpfs("/sys/fs/cgroup", "mode=0755") }
        let export = try DiskExport(
            supervisor.files.disk, partition: supervisor.record.root.partition, in: folder, runner: supervisor.runner)
        let container = try ContainerFiles(supervisor, in: folder)
        try container.writeConfig(supervisor, system: false)

        let command = LXC.execute(
            ["/bin/sh", "-c", Self.wrapper, "sh"] + supervisor.plan.arguments, name: container.name, in: folder.lxc,
            config: container.config, log: container.log)
        let mounted = Mount.inNamespace(folder.disk, at: folder.root, run: command)
        supervisor.runner.console.detail("+ \(mounted.line)")
        let status = try Pipe()
        var child = try ChildProcess(mounted, input: .inherit, descriptors: [Self.statusNumber: status.writeEnd])
        status.closeWriteEnd()
        supervisor.onEnd = { [supervisor] in Self.endContainer(of: supervisor) }
        let ended = try supervisor.wait(for: &child)
        let reported = String(decoding: try Files.readAll(status.readEnd, name: "the status", limit: 64), as: UTF8.self)
        try export.close()

        guard let number = Int32(reported.filter(\.isNumber)) ?? (supervisor.isEnding ? 128 + SIGKILL : nil) else {
            let complaint = container.complaint
            throw Failure(
                .environment,
                "the container of \(supervisor.plan.guest) did not start: \(complaint.isEmpty ? "\(ended)" : complaint)",
                hint: "`devbox doctor` shows what containers need")
        }
        supervisor.send(.ended(status: number))
        return 0
    }

    /// Kills all that runs in the container. What is around it ends then as after any command: the disk is unmounted, which writes
    /// what its file system still holds.
    private static func endContainer(of supervisor: Supervisor) {
        func namespace(_ process: String) -> ino_t? {
            var status = stat()
            return stat("/proc/\(process)/ns/pid", &status) == 0 ? status.st_ino : nil
        }
        let own = namespace("self")
        for process in (try? Files.list("/proc")) ?? [] {
            guard let id = pid_t(process), let other = namespace(process), other != own else { continue }
            kill(id, SIGKILL)
        }
        // It may be about to start.
        supervisor.loop.after(.milliseconds(100)) { endContainer(of: supervisor) }
    }
}
