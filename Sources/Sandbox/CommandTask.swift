import CLinux
import DevboxCore
import Glibc
import HostTools
import SystemPackage

/// One command in a sandbox: the root mounted, a container without an init around it, and all away again.
struct CommandTask {
    private let host: SandboxHost
    private let command: SandboxCommand

    init(_ command: SandboxCommand, _ host: SandboxHost) { (self.command, self.host) = (command, host) }

    /// Where the command's status comes out of the container: lxc-execute's own would mix with its failures.
    private static let statusNumber: Int32 = 9

    func run() throws -> Int32 {
        // Without a cgroup file system LXC makes no cgroup, and none can be left behind.
        try posix("cover the cgroups") { devbox_mount_tmpfs("/sys/fs/cgroup", "mode=0755") }
        let container = try Container(host)
        let mounted = try container.run(words(), command)
        host.runner.console.detail("+ \(mounted.line)")
        let status = try Pipe()
        var child = try ChildProcess(mounted, input: .inherit, descriptors: [Self.statusNumber: status.writeEnd])
        status.closeWriteEnd()
        host.onEnd = { [host] in Self.endContainer(of: host) }
        let ended = try host.wait(for: &child)
        let reported = String(decoding: try Files.readAll(status.readEnd, name: "the status", limit: 64), as: UTF8.self)
        try container.root.close()

        if reported.hasPrefix("folder") {
            throw Failure(
                .environment, "there is no folder \(Names.printable(command.directory ?? "")) in \(host.plan.title)")
        }
        guard let number = Int32(reported.filter(\.isNumber)) ?? (host.isEnding ? 128 + SIGKILL : nil) else {
            let complaint = container.complaint
            throw Failure(
                .environment,
                "the container of \(host.plan.title) did not start: \(complaint.isEmpty ? "\(ended)" : complaint)",
                hint: "`devbox doctor` shows what containers need")
        }
        host.send(.ended(status: number))
        return 0
    }

    private func words() throws -> [String] {
        let variables = command.environment.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
        return try host.templates.shell(
            "sandbox/run.sh",
            [command.directory ?? "", "\(variables.count)"] + variables + command.arguments)
    }

    /// Kills all that runs in the container. What is around it ends then as after any command: the disk is unmounted, which writes
    /// what its file system still holds.
    private static func endContainer(of host: SandboxHost) {
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
        host.loop.after(.milliseconds(100)) { endContainer(of: host) }
    }
}
