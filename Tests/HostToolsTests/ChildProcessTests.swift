import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

private func shell(_ text: String) -> Command { Command(Program("sh", package: "dash", for: "tests"), ["-c", text]) }

@Suite("Child processes", .timeLimit(.minutes(10)))
struct ChildProcessTests {
    private let scratch: ScratchDirectory
    init() throws { scratch = try ScratchDirectory() }

    private func opened(_ text: String) throws -> FileDescriptor {
        try Files.open(scratch.write(text, to: text), .readOnly)
    }

    @Test("descriptors arrive at the numbers asked for, also when those cross")
    func crossing() throws {
        let one = try opened("one")
        let two = try opened("two")
        defer {
            try? one.close()
            try? two.close()
        }
        // Each is asked for at the other's number: done one after the other, the first would overwrite the second.
        guard one.rawValue < 10, two.rawValue < 10 else {
            let output = try read(shell("cat <&3 <&4; cat <&3"), [3: one, 4: two])
            #expect(output == "twoone")
            return
        }
        let output = try read(
            shell("cat <&\(two.rawValue); cat <&\(one.rawValue)"), [one.rawValue: two, two.rawValue: one])
        #expect(output == "onetwo")
    }

    @Test("a program has no other descriptor of devbox's than those it was given")
    func nothingElse() throws {
        let extra = try opened("extra")
        defer { try? extra.close() }
        let output = try read(shell("ls /proc/self/fd | tr '\\n' ' '"), [7: extra])
        // 3 is the folder that ls itself reads.
        #expect(output == "0 1 2 3 7 ")
    }

    private func read(_ command: Command, _ descriptors: [Int32: FileDescriptor]) throws -> String {
        let pipe = try Pipe()
        var child = try ChildProcess(command, output: .descriptor(pipe.writeEnd), descriptors: descriptors)
        pipe.closeWriteEnd()
        let text = String(decoding: try Files.readAll(pipe.readEnd, name: "a pipe"), as: UTF8.self)
        #expect(try child.wait() == .exited(0))
        return text
    }

    @Test("a child is killed and reaped when the value goes away")
    func killed() throws {
        let pid: pid_t
        do {
            let child = try ChildProcess(shell("trap '' TERM; while :; do read x < /dev/zero; done"))
            pid = child.pid
            #expect(kill(pid, 0) == 0)
        }
        #expect(kill(pid, 0) == -1 && errno == ESRCH)
    }

    @Test("a child that was let go outlives the value")
    func letGo() throws {
        let pid: pid_t
        do {
            var child = try ChildProcess(
                Command(Program("tail", package: "coreutils", for: "tests"), ["-f", "/dev/null"]))
            child.letGo()
            pid = child.pid
        }
        #expect(kill(pid, 0) == 0)
        kill(pid, SIGKILL)
        var status: Int32 = 0
        #expect(waitpid(pid, &status, 0) == pid)
    }

    @Test("waiting ends at the deadline, and the status stays known afterwards")
    func wait() throws {
        var child = try ChildProcess(Command(Program("tail", package: "coreutils", for: "tests"), ["-f", "/dev/null"]))
        #expect(try child.wait(until: .now + .milliseconds(20)) == nil)
        #expect(child.end() == .signalled(SIGTERM))
        #expect(try child.wait() == .signalled(SIGTERM))
    }

    @Test("signals that devbox ignores are not ignored by what it starts")
    func signalsReset() throws {
        signal(SIGPIPE, SIG_IGN)
        let ignored = try read(shell("sed -n 's/SigIgn:.//p' /proc/self/status"), [:])
        // The C library keeps signals 32 and 33 for itself.
        #expect(Int(ignored.filter(\.isHexDigit), radix: 16).map { $0 & 0x7FFF_FFFF } == 0)
    }

    @Test("a child in a session of its own has no terminal")
    func session() throws {
        let pipe = try Pipe()
        var child = try ChildProcess(
            shell("ps -o sid= -p $$ | tr -d ' '"), output: .descriptor(pipe.writeEnd), newSession: true)
        pipe.closeWriteEnd()
        let sid = String(decoding: try Files.readAll(pipe.readEnd, name: "a pipe"), as: UTF8.self)
        #expect(sid == "\(child.pid)\n")
        #expect(try child.wait() == .exited(0))
    }
}
