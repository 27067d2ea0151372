import DevboxCore
import HostTools
import SystemPackage
import TestSupport

/// OpenPGP keys of a test's own, in a GnuPG home of their own.
final class TestKey {
    private let home: FilePath
    private let date: String?
    /// The public key, binary.
    let keyring: FilePath
    /// The public key, armoured.
    let armoured: FilePath

    /// - Parameters:
    ///   - expires: as gpg takes it: "0" for never, "1d" for a day after it was made.
    ///   - date: when it is made, and when it signs: "20200101T000000"; nil for now.
    init(in scratch: ScratchDirectory, name: String, expires: String = "0", at date: String? = nil) throws {
        home = scratch("gpg-\(name)")
        self.date = date
        keyring = scratch("\(name).gpg")
        armoured = scratch("\(name).asc")
        try Files.makeDirectory(home, mode: 0o700)
        try gpg("--quick-gen-key", "\(name)@example.org", "ed25519", "sign", expires)
        try gpg("--output", keyring.string, "--export")
        try gpg("--output", armoured.string, "--armor", "--export")
    }

    deinit { _ = try? tool("gpgconf", "--homedir", home.string, "--kill", "all") }

    /// The text with its signature around it, as InRelease has it.
    func clearSign(_ text: String, in scratch: ScratchDirectory) throws -> [UInt8] {
        let file = try scratch.write(text, to: "signing/text")
        try? Files.remove(scratch("signing/text.asc"))
        try gpg("--output", scratch("signing/text.asc").string, "--clear-sign", file.string)
        return try Files.read(scratch("signing/text.asc"))
    }

    /// Signs a file: `<file>.gpg` or `<file>.asc` beside it.
    func sign(_ file: FilePath, armoured: Bool) throws {
        let target = "\(file)\(armoured ? ".asc" : ".gpg")"
        try? Files.remove(FilePath(target))
        try gpg(["--output", target, "--detach-sign"] + (armoured ? ["--armor"] : []) + [file.string])
    }

    private func gpg(_ arguments: String...) throws { try gpg(arguments) }

    private func gpg(_ arguments: [String]) throws {
        let base =
            [
                "--homedir", home.string, "--batch", "--quiet", "--no-tty", "--pinentry-mode", "loopback",
                "--passphrase",
                "",
            ] + (date.map { ["--faked-system-time", $0] } ?? [])
        try runner.run(Command(Program("gpg", package: "gnupg", for: "tests"), base + arguments), limit: .seconds(60))
    }
}
