import DevboxCore
import Glibc
import HostTools
import Sandbox
import SystemPackage
import Templates

extension RunningGuest {
    /// The command of the host that runs `arguments` in the guest.
    ///
    /// - Parameter terminal: whether it gets a terminal.
    public func command(_ arguments: [String], terminal: Bool) throws -> Command {
        switch state.mode {
        case .kvm:
            return try SSH.run(
                arguments, starter: Templates(work).script("target/begin.sh"), options: sshOptions(), terminal: terminal
            )
        case .lxc:
            guard let container = state.container, let folder = state.containerFolder else {
                throw Failure(.failure, "the guest \(record.name) has no container")
            }
            var variables = ["PATH": Self.path, "HOME": "/root", "LANG": "C.UTF-8"]
            if terminal, let name = getenv("TERM") { variables["TERM"] = String(cString: name) }
            func attach(staysInCgroup: Bool) -> Command {
                LXC.attach(
                    arguments, name: container, in: FilePath(folder), variables: variables, staysInCgroup: staysInCgroup
                )
            }
            guard state.isUsers == true else { return attach(staysInCgroup: false) }
            // Who may not be moved to the container's cgroup is in the container without it.
            let connection = try UnixSocket.connect(files.control)
            defer { try? connection.close() }
            let supervisor = try UnixSocket.peer(of: connection)
            guard !isRoot, DelegatedCgroup.canMove(to: supervisor) else { return attach(staysInCgroup: true) }
            return Nsenter.user(of: supervisor, attach(staysInCgroup: false))
        }
    }

    /// What ssh needs to reach the guest as a virtual machine.
    public func sshOptions() throws -> [(name: String, value: String)] {
        try SSH.options(id: record.id, port: state.sshPort ?? 0, key: work.sshKey, knownHosts: files.knownHosts)
    }

    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}
