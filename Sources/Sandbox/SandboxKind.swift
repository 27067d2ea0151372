/// What commands in a stopped guest run in.
public enum SandboxKind: String, Sendable, Codable, CaseIterable {
    /// A container of the host's, as root: it is there at once, and the host's kernel mounts the guest's file system.
    case container
    /// A virtual machine without an init, as the user: nothing of the guest is mounted on the host.
    case appliance
}
