import DevboxCore
import Guests
import HostTools
import SystemPackage

/// What makes plain `ssh GUEST` work.
public enum SSHConfig {
    /// A guest's paragraph for ssh_config(5).
    public static func entry(for guest: GuestRecord, in store: GuestStore) throws -> String {
        let knownHosts = store.files(guest.name).knownHosts
        let line = "\(SSH.hostAlias(guest.id)) \(guest.identity.sshHostKey)\n"
        if (try? Files.text(knownHosts)) != line {
            try Files.writeAtomically(Array(line.utf8), to: knownHosts)
            try store.work.give(knownHosts)
        }
        let proxy = try SSH.proxyCommand(
            [Files.executable?.string ?? "devbox", "ssh-proxy", "--work", store.work.path.string, guest.name])
        let options =
            try SSH.options(id: guest.id, port: 22, key: store.work.sshKey, knownHosts: knownHosts)
            .filter { !["HostName", "Port"].contains($0.name) } + [("ProxyCommand", proxy)]
        return "Host \(guest.name)\n" + options.map { "    \($0.name) \($0.value)\n" }.joined()
    }

    /// Connects this process's standard streams to a guest's sshd: over QEMU's port, or with an `sshd -i` in the container.
    ///
    /// - Returns: the status to end with.
    public static func proxy(_ name: String, in store: GuestStore, runner: Runner) throws -> Int32 {
        guard let target = try GuestTargets(store, runner: runner).running(name) else {
            throw Failure(.notFound, "the guest \(name) is not running", hint: "`devbox start \(name)` starts it")
        }
        if let port = target.guest.state.sshPort {
            return try Splice.run(with: LoopbackSocket.connect(port: port))
        }
        var command = try TargetCommand(store.templates.shell("target/sshd.sh"))
        command.input = .inherit
        // As with any other sshd: who logs out may leave something running.
        command.leavesRunning = true
        return try target.run(command).status
    }
}
