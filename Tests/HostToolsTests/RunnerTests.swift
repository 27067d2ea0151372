import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

private func shell(_ text: String) -> Command { Command(Program("sh", package: "dash", for: "tests"), ["-c", text]) }

@Suite("Running programs to their end", .timeLimit(.minutes(10)))
struct RunnerTests {
    @Test("standard output and standard error come apart, with the status")
    func apart() throws {
        let output = try runner.attempt(shell("echo out; echo err >&2; exit 3"))
        #expect(output.text == "out\n")
        #expect(output.errorBytes == Array("err\n".utf8))
        #expect(output.status == .exited(3))
    }

    @Test("another status than 0 is an error with the program's last words")
    func complaint() {
        let error = reported { try runner.run(shell("echo first >&2; echo 'sh: the last' >&2; echo >&2; exit 4")) }
        #expect(error?.exitCode == .failure)
        #expect(error?.message.hasPrefix("sh failed with status 4: ") == true)
        #expect(error?.message.hasSuffix("the last") == true)
    }

    @Test("megabytes go through a program in both directions at once")
    func large() throws {
        var random = TestRandom(seed: 1)
        let block = random.bytes(64 << 10)
        let input = Array(repeating: block, count: 80).flatMap { $0 }
        let output = try runner.run(shell("tee /dev/stderr"), input: input)
        #expect(output.bytes == input)
        #expect(output.errorBytes == input)
    }

    @Test("a program that does not read its input is not waited for")
    func unreadInput() throws {
        let output = try runner.run(shell("echo done"), input: [UInt8](repeating: 0, count: 4 << 20))
        #expect(output.text == "done\n")
    }

    @Test("a program that closes its outputs still gets all of its input, and its end")
    func closedOutputs() throws {
        let scratch = try ScratchDirectory()
        let input = [UInt8](repeating: 7, count: 1 << 20)
        try runner.run(shell("exec >&- 2>&-; cat > '\(scratch("f"))'"), input: input, limit: .seconds(20))
        #expect(try Files.read(scratch("f")) == input)
    }

    @Test("a program that takes too long is ended and reaped")
    func timeout() throws {
        let scratch = try ScratchDirectory()
        let start = ContinuousClock.now
        let error = reported {
            try runner.run(shell("echo $$ > '\(scratch("pid"))'; exec tail -f /dev/null"), limit: .milliseconds(200))
        }
        #expect(error?.message == "sh did not end within 0.2 s")
        #expect(ContinuousClock.now - start < .seconds(10))
        let pid = try #require(try pid_t(Files.text(scratch("pid")).filter(\.isNumber)))
        #expect(kill(pid, 0) == -1 && errno == ESRCH)
    }

    @Test("a program that ignores SIGTERM is killed")
    func stubborn() {
        let start = ContinuousClock.now
        let error = reported {
            try runner.run(
                shell("trap '' TERM; echo ready; while :; do read x < /dev/zero; done"), limit: .milliseconds(100))
        }
        #expect(error?.exitCode == .failure)
        #expect(ContinuousClock.now - start < .seconds(10))
    }

    @Test("a program that is not installed is 69, and the hint names its package")
    func missing() {
        let program = Program("devbox-no-such-program", package: "qemu-utils", for: "qcow2 disks")
        let error = reported { try runner.run(Command(program, [])) }
        #expect(error?.exitCode == .missing)
        #expect(error?.message == "the program devbox-no-such-program is not installed; it is needed for qcow2 disks")
        #expect(error?.hint == "apt-get install qemu-utils")
    }

    @Test("a program that a signal ended is told from one that failed")
    func signal() throws {
        let output = try runner.attempt(shell("kill -9 $$"))
        #expect(output.status == .signalled(9))
        #expect(output.status.shellStatus == 137)
        let error = reported { try runner.run(shell("kill -11 $$")) }
        #expect(error?.message == "sh was ended by signal 11")
    }

    @Test("a program that writes more than it may is ended, and named")
    func outputLimit() throws {
        let error = reported { try runner.run(shell("yes"), outputLimit: 1 << 20) }
        #expect(error?.message == "sh wrote more than 1048576 bytes")
        #expect(try runner.run(shell("printf 12345"), outputLimit: 5).text == "12345")
    }

    @Test("a full disk of a program's has a hint of its own")
    func noSpace() {
        let error = reported { try runner.run(shell("cat /etc/passwd > /dev/full")) }
        #expect(error?.hint?.contains("free some space") == true)
    }

    @Test("a program's working directory is the one it was given")
    func directory() throws {
        let scratch = try ScratchDirectory()
        #expect(try runner.run(shell("pwd -P"), directory: scratch.path).text == "\(scratch.path)\n")
    }

    @Test("control characters in a program's complaint do not reach the terminal")
    func hostileComplaint() {
        let error = reported { try runner.run(shell("printf '\\033[2Jx' >&2; exit 1")) }
        #expect(error?.message == "sh failed with status 1: \\u{1b}[2Jx")
    }
}
