import DevboxCore
import HostTools

/// Every program of the host that any part of devbox runs. A test compares this list with the sources.
public enum HostPrograms {
    /// Those of devbox's main job on a host of an architecture.
    public static func needed(on host: Architecture?) -> [Program] {
        [
            QemuImg.program, StorageDaemon.program, Unshare.program, Mount.program, Setpriv.program, E2fsck.program,
            SSHKeygen.program, SSH.program, LXC.start, LXC.execute, LXC.attach, Mmdebstrap.program, Mke2fs.program,
            AptGet.program,
            Timeout.program,
        ] + (host.map { [QEMUMachine($0).program] } ?? [])
    }

    /// Those that only some commands or guests need.
    public static func optional(on host: Architecture?) -> [Program] {
        [
            Tar.program, XZ.program, Gpgv.program, LXC.console, AptConfig.program, IDMapPrograms.users,
            IDMapPrograms.groups, Fuse2fs.program, Nsenter.program, SystemdRun.program,
        ]
            + Architecture.allCases.filter { $0 != host }.map { QEMUMachine($0).program }
    }

    /// All of them.
    public static let all = needed(on: nil) + optional(on: nil)

    /// How a program is asked for its version; nil for one that does not tell.
    static func versionArguments(_ program: Program) -> [String]? {
        switch program.name {
        case "ssh", "e2fsck", "mke2fs", "debugfs", "dumpe2fs", "resize2fs": ["-V"]
        case "ssh-keygen": nil
        default: ["--version"]
        }
    }

    /// The version in what a program says of itself: the first word that has a dot between digits, as in
    /// "OpenSSH_9.2p1".
    static func version(in text: String) -> String? {
        for word in text.prefix(4096).split(whereSeparator: { $0.isWhitespace || "_,;()".contains($0) }) {
            guard let start = word.firstIndex(where: { $0.isASCII && $0.isNumber }) else { continue }
            // Up to one letter in front, as in "v1.2"; else it is a name with digits in it.
            guard word.distance(from: word.startIndex, to: start) <= 1 else { continue }
            let number = word[start...].prefix { $0.isASCII && ($0.isLetter || $0.isNumber || ".+~-:".contains($0)) }
            let digits = number.prefix { $0.isNumber }
            if number.dropFirst(digits.count).first == ".", number.dropFirst(digits.count + 1).first?.isNumber == true {
                return String(number.prefix(32))
            }
        }
        return nil
    }
}
