import DevboxCore
import HostTools
import SystemPackage

/// The work directory's own ssh key, which root of every guest accepts.
public enum WorkKey {
    /// The public half's line; the key is made on first use.
    public static func publicKey(of work: WorkDirectory, runner: Runner) throws -> String {
        let publicHalf = work.sshPublicKey
        if !Files.exists(publicHalf) {
            // Held to the end of the block; a value that is thrown away is a lock that is let go.
            let lock = try FileLock(work.lock(.keys), of: "the ssh key", for: "making it")
            defer { _ = lock.descriptor }
            if !Files.exists(publicHalf) { try make(work, runner: runner) }
        }
        return try Files.text(publicHalf, limit: 4096).split(separator: "\n").first.map(String.init) ?? ""
    }

    private static func make(_ work: WorkDirectory, runner: Runner) throws {
        let (temporary, publicTemporary) = (work.newSSHKey, work.newSSHPublicKey)
        try Files.remove(temporary)
        try Files.remove(publicTemporary)
        try runner.run(SSHKeygen.generate(temporary, comment: "devbox"))
        try work.give(temporary)
        try work.give(publicTemporary)
        // The public half last: where it is, both are.
        try Files.rename(temporary, to: work.sshKey)
        try Files.rename(publicTemporary, to: work.sshPublicKey)
    }
}
