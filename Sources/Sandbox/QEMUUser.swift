import DevboxCore
import Glibc
import HostTools

/// Who QEMU runs as: the work directory's owner, or nobody in particular where that is root; never root.
public struct QEMUUser: Equatable {
    /// Who that is.
    public let owner: Owner
    /// The group of /dev/kvm, which root can give to QEMU; an ordinary user has it or has it not.
    let group: gid_t?
    /// Whether devbox runs as root and has to become the user.
    public let becomes: Bool

    /// - Parameter work: the work directory.
    public init(of work: WorkDirectory) {
        becomes = isRoot
        owner = work.guestOwner
        var status = stat()
        group = becomes && stat(Self.device, &status) == 0 && status.st_gid != 0 ? status.st_gid : nil
    }

    /// What KVM is reached through.
    public static let device = "/dev/kvm"

    /// The command as this user's, without capabilities.
    public func run(_ command: Command) -> Command {
        becomes ? Setpriv.run(command, as: owner, group: group) : Setpriv.withoutCapabilities(command)
    }
}
