import DevboxCore
import Glibc
import HostTools
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
            return LXC.attach(arguments, name: container, in: FilePath(folder), variables: variables)
        }
    }

    /// What ssh needs to reach the guest as a virtual machine.
    public func sshOptions() throws -> [(name: String, value: String)] {
        try SSH.options(id: record.id, port: state.sshPort ?? 0, key: work.sshKey, knownHosts: files.knownHosts)
    }

    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}
