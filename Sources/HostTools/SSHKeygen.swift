import SystemPackage

/// ssh-keygen(1).
public enum SSHKeygen {
    /// ssh-keygen(1), where the host has it.
    public static let program = Program("ssh-keygen", package: "openssh-client", for: "the ssh keys of guests")

    /// Makes an ed25519 key without a passphrase: the private half at `path`, the public one at `path`.pub.
    public static func generate(_ path: FilePath, comment: String) -> Command {
        Command(program, ["-q", "-t", "ed25519", "-N", "", "-C", comment, "-f", path.string])
    }
}
