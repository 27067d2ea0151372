import SystemPackage

/// gpgv(1): whether a signature was made with one of some keys.
public enum Gpgv {
    /// gpgv(1), where the host has it.
    public static let program = Program("gpgv", package: "gpgv", for: "signatures of package sources")

    /// Verifies a text with its signature around it (InRelease) and writes the text to `output`, which must not exist.
    ///
    /// The verdict goes to standard output, as lines of GnuPG's doc/DETAILS.
    ///
    /// - Parameters:
    ///   - file: the signed text.
    ///   - output: the text alone. Only this may be read: what stands around the signed part is anybody's.
    ///   - keyrings: binary OpenPGP keyrings.
    public static func clearSigned(_ file: FilePath, output: FilePath, keyrings: [FilePath]) -> Command {
        Command(program, options(keyrings) + ["--output", output.string, "--", file.string])
    }

    /// Verifies a file with a signature of its own (SHA256SUMS.gpg, SHA256SUMS.asc).
    public static func detached(_ signature: FilePath, of file: FilePath, keyrings: [FilePath]) -> Command {
        Command(program, options(keyrings) + ["--", signature.string, file.string])
    }

    private static func options(_ keyrings: [FilePath]) -> [String] {
        ["--status-fd", "1", "--weak-digest", "SHA1"] + keyrings.flatMap { ["--keyring", $0.string] }
    }
}
