import DevboxCore
import Glibc
import HostTools

/// Who QEMU runs as: the work directory's owner, or nobody in particular where that is root; never root.
struct QEMUUser: Equatable {
    let owner: Owner
    /// The group of /dev/kvm, which root can give to QEMU; an ordinary user has it or has it not.
    let group: gid_t?
    /// Whether devbox runs as root and has to become the user.
    let becomes: Bool

    init(of work: WorkDirectory) {
        becomes = isRoot
        owner = work.guestOwner
        var status = stat()
        group = becomes && stat(Self.device, &status) == 0 && status.st_gid != 0 ? status.st_gid : nil
    }

    /// What KVM is reached through.
    static let device = "/dev/kvm"

    /// The command as this user's, without capabilities.
    func run(_ command: Command) -> Command {
        becomes ? Setpriv.run(command, as: owner, group: group) : Setpriv.withoutCapabilities(command)
    }
}
