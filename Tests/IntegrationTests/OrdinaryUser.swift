import DevboxCore
import HostTools
import SystemPackage
import TestSupport
import Testing

/// A user who is nobody: no sudo, no /dev/fuse, no /dev/loop-control, a copy of the program that has nothing beside it, and a work
/// directory of his own.
struct OrdinaryUser {
    static let id = 65_534
    let work: FilePath
    private let scratch: ScratchDirectory
    private let program: FilePath

    init(in scratch: ScratchDirectory) throws {
        self.scratch = scratch
        work = scratch("work")
        try Files.setMode(scratch.path, 0o755)
        try Files.makeDirectory(scratch("bin"))
        program = scratch("bin/devbox")
        try tool("cp", Devbox.program.name, program.string)
        try Files.makeDirectory(work, mode: 0o700)
        try tool("chown", "\(Self.id):\(Self.id)", work.string)
        // Nobody may open it, as where the devices are not there.
        try Files.setMode(scratch.write("", to: "closed"), 0o000)
        // Building an image takes subordinate ids.
        try scratch.write("nobody:2000000:65536\n", to: "subids")
    }

    /// Runs devbox as this user.
    ///
    /// - Parameter tracer: words before devbox's.
    func devbox(_ arguments: [String], tracer: [String] = [], limit: Duration = .seconds(300)) throws -> TestBed.Outcome
    {
        let script = """
            for device in /dev/fuse /dev/loop-control; do mount --bind "$1/closed" $device || exit 99; done
            for file in /etc/subuid /etc/subgid; do mount --bind "$1/subids" $file || exit 99; done
            user=$2; shift 2
            exec setpriv --reuid=$user --regid=$user --clear-groups -- "$@"
            """
        let words =
            ["--mount", "--propagation", "private", "sh", "-c", script, "sh", scratch.path.string, "\(Self.id)"]
            + ["env", "-i", "HOME=\(work)", "PATH=/usr/bin:/bin", "DEVBOX_WORK=\(work)"] + tracer + [program.string]
            + arguments
        let output = try runner.attempt(
            Command(Program("unshare", package: "util-linux", for: "tests"), words), limit: limit)
        return TestBed.Outcome(line: "devbox \(arguments.joined(separator: " "))", output: output)
    }

    /// The same with words one by one.
    @discardableResult
    func run(_ arguments: String..., limit: Duration = .seconds(300)) throws -> TestBed.Outcome {
        try devbox(arguments, limit: limit)
    }

    /// Runs devbox under strace(1), and records an issue for whatever is mounted that is not devbox's own.
    @discardableResult
    func traced(_ arguments: String...) throws -> TestBed.Outcome {
        let trace = work.appending("trace")
        let outcome = try devbox(
            arguments,
            tracer: [
                "strace", "-f", "-qq", "--seccomp-bpf", "-e", "signal=none", "-s", "4096", "-e",
                "trace=mount,move_mount,fsmount,fsopen,fsconfig,open_tree,mount_setattr", "-o", trace.string,
            ])
        let lines = try Files.text(trace).split(separator: "\n").map {
            String($0.drop { $0 != " " }.drop { $0 == " " })
        }
        try Files.remove(trace)
        #expect(!lines.isEmpty, "nothing was traced")
        for line in lines where !isOwn(line) { Issue.record("\(outcome.line): \(line)") }
        return outcome
    }

    /// Whether a line of the trace is of no file system's content but proc, a tmpfs of devbox's, or folders of the work directory.
    private func isOwn(_ line: String) -> Bool {
        let words = line.split(separator: "\"", omittingEmptySubsequences: false).map(String.init)
        func isWithin(_ path: String) -> Bool { path.hasPrefix("\(work)/") }
        switch line.prefix(while: { $0 != "(" }) {
        case "mount":
            // mount(source, target, type, flags, data), and how a mount is passed on.
            if line.contains("MS_PRIVATE") || line.contains("MS_SLAVE") { return true }
            if line.contains("NULL, MS_BIND") { return words.count > 3 && isWithin(words[1]) && isWithin(words[3]) }
            if line.contains("MS_REMOUNT") { return words.count > 1 && isWithin(words[1]) }
            guard words.count > 5 else { return false }
            let (target, type) = (words[3], words[5])
            return type == "proc" && target == "/proc" || type == "tmpfs" && isWithin(target)
        case "open_tree": return words.count > 1 && isWithin(words[1])
        case "move_mount": return words.count > 3 && isWithin(words[3])
        // Of the trees that were opened before: read-only, or under a map of ids.
        case "mount_setattr": return line.contains("\"\", AT_EMPTY_PATH")
        default: return false
        }
    }
}
