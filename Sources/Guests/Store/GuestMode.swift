/// How a guest runs.
public enum GuestMode: String, Sendable, Codable, CaseIterable {
    /// A QEMU virtual machine, accelerated or not.
    case kvm
    /// A container on the very same disk.
    case lxc
}
