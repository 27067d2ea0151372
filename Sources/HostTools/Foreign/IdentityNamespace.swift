import DevboxCore
import Glibc
import SystemPackage

/// A user namespace in which every id is what it is outside.
///
/// Root in it owns the same files as outside and may do the same to them, but the kernel's settings are out of its reach, and
/// it can have a binfmt_misc of its own.
public enum IdentityNamespace {
    private static let readyNumber: Int32 = 8
    private static let goNumber: Int32 = 9

    /// Waits for its ids, then becomes the command. Only the exec after that gives it its capabilities; user_namespaces(7).
    private static let wrapper = #"echo >&8 && read -r go <&9 && [ "$go" ] && exec "$@" 8>&- 9<&-"#

    /// The command as it is started.
    static func command(_ command: Command) -> Command {
        Command(
            Unshare.program, ["--user", "--", "sh", "-c", wrapper, "sh", command.program.name] + command.arguments,
            environment: command.environment)
    }

    /// Starts a program in one. Needs root.
    public static func start(
        _ command: Command, input: ChildProcess.Stream, output: ChildProcess.Stream, error: ChildProcess.Stream
    ) throws -> ChildProcess {
        let (ready, go) = (try Pipe(), try Pipe())
        let child = try ChildProcess(
            Self.command(command), input: input, output: output, error: error,
            descriptors: [readyNumber: ready.writeEnd, goNumber: go.readEnd], newSession: true)
        ready.closeWriteEnd()
        go.closeReadEnd()
        var byte: UInt8 = 0
        guard try posix("wait for the namespace", { read(ready.readEnd.rawValue, &byte, 1) }) == 1 else {
            throw Failure(
                .missing, "the host does not allow root a user namespace",
                hint: "see the sysctl user.max_user_namespaces")
        }
        for map in ["uid_map", "gid_map"] {
            let file = try Files.open(FilePath("/proc/\(child.pid)/\(map)"), .writeOnly)
            defer { try? file.close() }
            try Files.writeAll(
                file, Array(identity(try Files.text(FilePath("/proc/self/\(map)"), limit: 64 << 10)).utf8), name: map)
        }
        try Files.writeAll(go.writeEnd, Array("go\n".utf8), name: "the namespace")
        return child
    }

    /// The map that gives every id of a map, as user_namespaces(7) has it, to itself.
    static func identity(_ map: String) -> String {
        map.split(separator: "\n").map { line in
            let fields = line.split(separator: " ")
            return fields.count == 3 ? "\(fields[0]) \(fields[0]) \(fields[2])\n" : ""
        }.joined()
    }
}
