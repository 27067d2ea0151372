import DevboxCore
import FoundationEssentials
import Glibc
import Guests
import HostTools
import SystemPackage
import TestSupport

/// One work directory with one base image, built once and shared by all integration tests.
///
/// `Tests/run` names the folder; an image that was built there before is used again as long as nothing that goes into it changed.
struct TestBed {
    /// The work directory.
    let work: FilePath
    static let image = "base"

    /// Built by the first test that asks.
    static let shared = Result { try TestBed() }

    private init() throws {
        guard isRoot else { throw Failure(.needsRoot, "the integration tests need root", hint: "sudo make test") }
        let given = getenv("DEVBOX_TEST_WORK").map { String(cString: $0) }
        work = FilePath(given ?? "/var/tmp/devbox-test")
        if !Files.exists(work.appending("images/\(Self.image)/image.json")) {
            try run("image", "build", Self.image, limit: .seconds(1200)).succeeded()
        }
    }

    /// What devbox wrote, and how it ended.
    struct Outcome {
        let line: String
        let output: Runner.Output
        var out: String { output.text }
        var err: String { String(decoding: output.errorBytes, as: UTF8.self) }
        var status: Int32 { output.status.shellStatus }

        /// Throws, with all that was written, where it did not end with 0.
        @discardableResult
        func succeeded() throws -> Outcome {
            guard status == 0 else { throw Failure(.failure, "`\(line)` ended with \(status)\n\(out)\(err)") }
            return self
        }
    }

    /// Runs devbox to its end.
    @discardableResult
    func run(
        _ arguments: String..., input: String = "", environment: [String: String] = [:], limit: Duration = .seconds(300)
    ) throws -> Outcome {
        try run(arguments, input: input, environment: environment, limit: limit)
    }

    /// The same with a list.
    @discardableResult
    func run(
        _ arguments: [String], input: String = "", environment: [String: String] = [:], limit: Duration = .seconds(300)
    ) throws -> Outcome {
        let command = self.command(arguments, environment: environment)
        return Outcome(line: command.line, output: try runner.attempt(command, input: Array(input.utf8), limit: limit))
    }

    /// Types Ctrl-C at a terminal that a devbox runs in, once a file is there and has a text in it.
    ///
    /// - Parameter line: for sh, in which $devbox stands for it.
    /// - Returns: the status, as a shell has it.
    func typeCtrlC(_ line: String, when file: FilePath, has text: String = "") throws -> Int32 {
        let script = """
            import os, pty, select, sys, time
            file, text, line = sys.argv[1:]
            pid, terminal = pty.fork()
            if pid == 0:
                os.execvp("sh", ["sh", "-c", line])
            deadline, typed = time.time() + 40, False
            while time.time() < deadline:
                if not typed and os.path.exists(file) and text in open(file, errors="replace").read():
                    os.write(terminal, b"\\x03")
                    typed = True
                if select.select([terminal], [], [], 0.02)[0]:
                    try:
                        if not os.read(terminal, 4096):
                            break
                    except OSError:
                        break
            else:
                os.kill(pid, 9)
            print(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
            """
        let output = try tool(
            "env", "DEVBOX_WORK=\(work)", "devbox=\(Devbox.program.name)", "python3", "-c", script, file.string, text,
            line)
        return Int32(output.filter { $0 == "-" || $0.isNumber }) ?? -1
    }

    /// The command line of a devbox on this work directory.
    func command(_ arguments: [String], environment: [String: String] = [:]) -> Command {
        Command(
            Devbox.program, arguments, environment: environment.merging(["DEVBOX_WORK": work.string]) { own, _ in own })
    }

    /// A new guest on the base image, of a name that no other test has; it is removed when `body` returns.
    func withGuest<T>(_ purpose: String, _ body: (String) throws -> T) throws -> T {
        let name = "\(purpose)-\(String(UInt32.random(in: .min ... .max), radix: 36))"
        try run("clone", Self.image, name).succeeded()
        defer { _ = try? run("remove", "--force", name) }
        return try body(name)
    }

    /// What `devbox list` says of one guest.
    struct Listed: Decodable {
        let name, state, mode: String
    }

    /// How one guest is, whatever other guests are there.
    func listed(_ guest: String) throws -> Listed {
        let text = try run("list", "--json").succeeded().out
        let rows = try JSONDecoder().decode([Listed].self, from: Data(text.utf8))
        guard let row = rows.first(where: { $0.name == guest }) else {
            throw Failure(.notFound, "`devbox list` does not name \(guest): \(text)")
        }
        return row
    }

    /// Waits for what a test's next step needs; throws where it does not come.
    static func wait(for what: String, within limit: Duration = .seconds(30), _ isThere: () throws -> Bool) throws {
        let deadline = ContinuousClock.now + limit
        while try !isThere() {
            guard ContinuousClock.now < deadline else { throw Failure(.timedOut, "there is no \(what)") }
            Interrupts.sleep(.milliseconds(20))
        }
    }

    /// The files of a guest.
    func files(_ guest: String) throws -> GuestFiles {
        GuestFiles(guest, in: try WorkDirectory(given: work.string, environment: Command.inheritedEnvironment))
    }

    /// Changes a stopped guest's disk by requests of debugfs(8), as a hostile kernel in it could have done.
    ///
    /// - Parameter image: that it stands on.
    func editDisk(_ guest: String, image: String = Self.image, _ requests: String...) throws {
        let disk = try files(guest).disk
        let scratch = try ScratchDirectory()
        let raw = scratch("disk.raw").string
        try tool("qemu-img", "convert", "-f", "qcow2", "-O", "raw", disk.string, raw)
        for request in requests { try tool("debugfs", "-w", "-R", request, raw) }
        try tool(
            "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-B", "../../images/\(image)/disk.qcow2", "-F",
            "qcow2",
            raw, disk.string)
    }

    /// Throws unless QEMU and e2fsck find nothing wrong with a stopped guest's disk. A journal to replay is fine: it is replayed in
    /// a copy first, as the next command would do it.
    func checkDisk(_ guest: String) throws { try Self.checkDisk(files(guest).disk) }

    /// The same of a disk, by its path.
    static func checkDisk(_ disk: FilePath) throws {
        let check = try attempt("qemu-img", "check", "-q", "-f", "qcow2", disk.string)
        // 3: clusters that nobody refers to.
        guard [0, 3].contains(check.status.shellStatus) else { throw Failure(.badInput, "\(disk): \(check.complaint)") }
        let scratch = try ScratchDirectory()
        let raw = scratch("disk.raw")
        try tool("qemu-img", "convert", "-f", "qcow2", "-O", "raw", disk.string, raw.string)
        _ = try attempt("e2fsck", "-E", "journal_only", "-p", raw.string)
        let result = try attempt("e2fsck", "-fn", raw.string)
        guard result.status.isSuccess else { throw Failure(.badInput, "\(disk): \(result.text)") }
    }
}

/// What devbox could leave behind on the host.
struct HostState: Equatable {
    let mounts: Set<String>
    let loops: Set<String>
    let processes: Set<String>

    private let work: FilePath

    static func == (left: HostState, right: HostState) -> Bool {
        left.mounts == right.mounts && left.loops == right.loops && left.processes == right.processes
    }

    /// The host as it is: mounts, loop devices in use, and processes that belong to a test bed.
    ///
    /// - Parameter work: the work directory, where it is not the test bed's.
    init(of bed: TestBed, work: FilePath? = nil) throws { try self.init(work: work ?? bed.work) }

    private init(work: FilePath) throws {
        self.work = work
        let mountinfo = try Files.text("/proc/self/mountinfo")
        mounts = Set(
            mountinfo.split(separator: "\n").map { $0.split(separator: " ").dropFirst(4).joined(separator: " ") })
        loops = Set(
            try Files.list("/sys/block").filter { name in
                name.hasPrefix("loop") && Files.exists(FilePath("/sys/block/\(name)/loop/backing_file"))
            })
        processes = Set(
            try Files.list("/proc").filter { $0.allSatisfy(\.isNumber) }.compactMap { pid in
                guard let name = try? Files.text(FilePath("/proc/\(pid)/comm")).filter({ !$0.isNewline }),
                    let status = try? Files.text(FilePath("/proc/\(pid)/stat")), !status.contains(") Z ")
                else { return nil }
                // What devbox starts on the host has its work directory in the environment; what runs in a container has LXC's group.
                let environment = (try? Files.text(FilePath("/proc/\(pid)/environ"))) ?? ""
                let groups = (try? Files.text(FilePath("/proc/\(pid)/cgroup"))) ?? ""
                let isOurs = environment.contains("DEVBOX_WORK=\(work)\0") || groups.contains("/devbox/devbox-")
                return isOurs && pid != "\(getpid())" ? "\(pid) \(name)" : nil
            })
    }

    /// Waits until the host is as it was before; throws, saying what is left, where that does not come.
    func waitUntilBack(within limit: Duration = .seconds(10)) throws {
        let deadline = ContinuousClock.now + limit
        while true {
            let now = try HostState(work: work)
            let left = now.mounts.subtracting(mounts).union(now.loops.subtracting(loops)).union(
                now.processes.subtracting(processes))
            if left.isEmpty { return }
            guard ContinuousClock.now < deadline else {
                throw Failure(.failure, "left on the host: \(left.sorted().joined(separator: "; "))")
            }
            Interrupts.sleep(.milliseconds(20))
        }
    }
}
