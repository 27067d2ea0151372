import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

@Suite("Locks")
struct FileLockTests {
    private let scratch: ScratchDirectory
    private let path: FilePath
    init() throws {
        scratch = try ScratchDirectory()
        path = scratch("guest-a")
    }

    /// A process that holds the lock until it is killed; this returns when it has it.
    private func holder() throws -> ChildProcess {
        let output = try Pipe()
        let child = try ChildProcess(
            Command(
                Program("flock", package: "util-linux", for: "tests"),
                ["--no-fork", path.string, "sh", "-c", "echo held; exec sleep infinity >/dev/null"]),
            output: .descriptor(output.writeEnd))
        output.closeWriteEnd()
        var byte: UInt8 = 0
        #expect(read(output.readEnd.rawValue, &byte, 1) == 1)
        return child
    }

    @Test("the second writer is told who holds the lock, and ends with 75 when it waited in vain")
    func busy() throws {
        let first = try FileLock(path, of: "guest a", for: "clone")
        let error = #expect(throws: Failure.self) {
            _ = try FileLock(path, of: "guest a", for: "remove", patience: .milliseconds(30))
        }
        #expect(error?.exitCode == .busy)
        #expect(error?.message == "guest a is in use by devbox clone (pid \(getpid()))")
        #expect(error?.hint == "try again when it has finished")
        _ = first.descriptor
    }

    @Test("a lock is free again as soon as its holder is killed; who waits says so once, and then has it")
    func released() throws {
        let child = try holder()
        var waited: [String] = []
        let lock = try FileLock(path, of: "guest a", for: "clone") { text in
            waited.append(text)
            child.signal(SIGKILL)
        }
        #expect(waited == ["waiting for guest a, which is in use by another devbox"])
        #expect(try Files.text(path) == "clone (pid \(getpid()))\n")
        _ = lock.descriptor
    }

    @Test("shared holders do not exclude each other, but exclude a writer")
    func shared() throws {
        let one = try FileLock(path, of: "image a", for: "clone", shared: true, patience: .zero)
        let two = try FileLock(path, of: "image a", for: "clone", shared: true, patience: .zero)
        let error = reported { _ = try FileLock(path, of: "image a", for: "remove", patience: .zero) }
        #expect(error?.exitCode == .busy)
        _ = (one.descriptor, two.descriptor)
    }

    @Test("the lock ends with the value")
    func scoped() throws {
        do { _ = try FileLock(path, of: "guest a", for: "clone") }
        // Not at once: a program that another test is just starting shares it until its execve.
        let again = try FileLock(path, of: "guest a", for: "clone", patience: .seconds(5))
        _ = again.descriptor
    }

    @Test("programs that are started do not inherit the lock")
    func notInherited() throws {
        let pid = try startedUnderLock()
        defer { kill(pid, SIGKILL) }
        // Not at once: a program that another test is just starting shares it until its execve.
        let again = try FileLock(path, of: "guest a", for: "clone", patience: .seconds(5))
        #expect(kill(pid, 0) == 0, "the program still runs")
        _ = again.descriptor
    }

    /// A program that was started while the lock was held, and that goes on.
    private func startedUnderLock() throws -> pid_t {
        let lock = try FileLock(path, of: "guest a", for: "clone")
        var child = try ChildProcess(
            Command(Program("tail", package: "coreutils", for: "tests"), ["-f", "/dev/null"]))
        child.letGo()
        #expect(fcntl(lock.descriptor.rawValue, F_GETFD) & FD_CLOEXEC != 0)
        return child.pid
    }

    @Test("text that somebody put into the lock file cannot move the cursor")
    func hostileNote() throws {
        let child = try holder()
        let note = try Files.open(path, .writeOnly)
        try note.closeAfter { try Files.writeAll(note, Array("x\u{1B}[2J\n".utf8), name: "note") }
        let error = #expect(throws: Failure.self) { _ = try FileLock(path, of: "guest a", for: "x", patience: .zero) }
        #expect(error?.message == "guest a is in use by devbox x\\u{1b}[2J")
        _ = child.pid
    }
}
