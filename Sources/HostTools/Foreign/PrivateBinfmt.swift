import DevboxCore
import Glibc
import SystemPackage

/// A binfmt_misc that belongs to a user namespace and ends with it.
public enum PrivateBinfmt {
    /// Where the kernel wants it.
    static let mountPoint = "/proc/sys/fs/binfmt_misc"

    /// Mounts one and registers an emulator in it: text for sh(1), to be run in a user namespace other than devbox's.
    ///
    /// Root in the first of all user namespaces would change the host's with it, so it looks where it is.
    static func steps(_ registration: BinfmtRegistration) -> String {
        """
        [ "$(readlink /proc/self/ns/user)" != \(Command.quote(ownNamespace)) ] && \
        mount -t binfmt_misc binfmt_misc \(mountPoint) && \
        printf %s \(Command.quote(registration.line)) > \(mountPoint)/register
        """
    }

    /// The user namespace of this process, as in "user:[4026531837]".
    private static var ownNamespace: String {
        var buffer = [CChar](repeating: 0, count: 64)
        let count = readlink("/proc/self/ns/user", &buffer, buffer.count)
        return String(decoding: buffer.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Tries it, in 25 ms: which kernels allow it, and whom, differs from one distribution to the next.
    static func isPossible(_ registration: BinfmtRegistration) -> Bool {
        let command = Command(
            Unshare.program,
            [
                "--user", "--map-root-user", "--mount", "--propagation", "private", "--", "sh", "-c",
                "\(steps(registration)) && [ -e \(mountPoint)/\(registration.name) ]",
            ])
        let quiet = Runner(console: Console(level: .quiet, environment: [:]))
        return (try? quiet.attempt(command, directory: "/", limit: .seconds(5)).status.isSuccess) ?? false
    }
}
