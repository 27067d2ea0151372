/// mount(8), for what mount(2) alone does not do.
public enum Mount {
    /// mount(8), where the host has it.
    public static let program = Program("mount", package: "mount", for: "guests' file systems in private namespaces")
}
