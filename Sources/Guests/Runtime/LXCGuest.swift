import CLinux
import DevboxCore
import FoundationEssentials
import Glibc
import HostTools
import Sandbox
import SystemPackage

/// A guest as an unprivileged container that boots its own init from the very same disk.
final class LXCGuest: GuestRuntime {
    private let supervisor: Supervisor
    private var child: ChildProcess?
    private var container: Container?
    private var shutdown: ChildProcess?

    init(_ supervisor: Supervisor) { self.supervisor = supervisor }

    func launch(_ events: GuestEvents) throws -> RunState {
        try posix("mount the cgroups") { devbox_mount_cgroup2("/sys/fs/cgroup") }
        let container = try Container(supervisor.host)
        self.container = container
        ContainerCgroups.remove(container.name)
        let command = try container.boot(consoleLog: supervisor.files.consoleLog)
        try Files.writeAtomically([], to: supervisor.files.consoleLog)
        try watchForReadiness(container.notify, events)

        let child = try ChildProcess(command, output: .null, error: .null, newSession: true)
        supervisor.loop.watch(child.pidfd) { [container] in
            events.ended(container.complaint.isEmpty ? nil : Failure(.failure, container.complaint))
        }
        for (program, lifeline) in container.root.lifelines {
            supervisor.loop.watch(lifeline) { events.ended(Failure(.failure, "\(program) died")) }
        }
        self.child = consume child
        return RunState(
            mode: .lxc, startedAt: Date(), kernel: nil, sshPort: nil, container: container.name,
            containerFolder: container.lxcFolder.string, isUsers: supervisor.host.plan.isUsers ? true : nil,
            accelerator: nil, bridge: supervisor.plan.bridge)
    }

    /// systemd says READY=1 when it has started everything (sd_notify(3)); no polling, no sleeping.
    private func watchForReadiness(_ path: FilePath, _ events: GuestEvents) throws {
        let socket = try UnixSocket.datagram(path)
        try Files.setMode(path, 0o666)
        supervisor.loop.watch(socket) {
            var buffer = [UInt8](repeating: 0, count: 4096)
            let count = buffer.withUnsafeMutableBytes { read(socket.rawValue, $0.baseAddress, $0.count) }
            let lines = String(decoding: buffer.prefix(max(0, count)), as: UTF8.self).split(separator: "\n")
            if lines.contains("READY=1") { events.ready() }
        }
    }

    /// SIGRTMIN+3 to the container's init means "halt" to systemd (systemd(1)). In an emulated container it would be another
    /// signal: QEMU moves the real-time signals by some, by how many depends on its version.
    func requestShutdown() {
        if let container, container.code != .native {
            let command = LXC.attach(
                ["systemctl", "poweroff"], name: container.name, in: container.lxcFolder,
                variables: ["PATH": RunningGuest.path])
            shutdown = try? ChildProcess(command, output: .null, error: .null)
            return
        }
        for initProcess in containerInits() { kill(initProcess, __libc_current_sigrtmin() + 3) }
    }

    func forceOff() {
        let inits = containerInits()
        for initProcess in inits { kill(initProcess, SIGKILL) }
        if inits.isEmpty { child?.signal(SIGKILL) }
    }

    var machine: (any GuestMachine)? { nil }

    func close() throws {
        child = nil
        try container?.root.close()
        if let container { ContainerCgroups.remove(container.name) }
    }

    /// The container's init is the child of lxc-start, which is what our child became.
    private func containerInits() -> [pid_t] {
        guard let pid = child?.pid else { return [] }
        let text = (try? Files.text(FilePath("/proc/\(pid)/task/\(pid)/children"), limit: 4096)) ?? ""
        return text.split(separator: " ").compactMap { pid_t($0) }
    }
}
