import DevboxCore
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

@testable import Targets

@Suite("The streams of a command of a target")
struct CommandStreamsTests {
    /// Runs a script of the host's with the streams of a command.
    private func run(_ script: String, _ change: (inout TargetCommand) -> Void) throws -> CommandResult {
        var command = TargetCommand(["sh", "-c", script])
        change(&command)
        let streams = try CommandStreams(command, of: "the test")
        return try streams.finish(
            Result {
                var child = try ChildProcess(
                    Command(Program("sh", package: "dash", for: "tests"), ["-c", script]), input: streams.input,
                    output: streams.output, error: streams.error)
                return try child.wait(interruptible: false)?.shellStatus ?? -1
            })
    }

    @Test("output and errors are captured apart, and bytes are read as they are")
    func captured() throws {
        let input = (0..<200_000).map { UInt8(truncatingIfNeeded: $0) }
        let result = try run("cat; echo complaint >&2; exit 5") {
            $0.input = .bytes(input)
            $0.output = .captured(limit: 1 << 20)
            $0.error = .captured(limit: 100)
        }
        #expect(result.status == 5)
        #expect(result.output == input)
        #expect(result.complaint == "complaint")
    }

    @Test("more output than may be captured is an error that names who sends it, and ends the command")
    func bound() {
        #expect {
            try run("while :; do echo more || exit; done") { $0.output = .captured(limit: 1000) }
        } throws: {
            ($0 as? Failure)?.exitCode == .badInput && ($0 as? Failure)?.message.contains("the test sends more") == true
        }
    }

    @Test("what a stream's closure throws ends the command, and is what is thrown")
    func stream() throws {
        struct Enough: Error {}
        var count = 0
        #expect(throws: Enough.self) {
            try run("while echo more; do :; done") {
                $0.output = .stream { bytes in
                    count += bytes.count
                    if count > 10_000 { throw Enough() }
                }
            }
        }
        #expect(count > 10_000)
    }

    @Test("what a command left running may hold its output open: what came until the command's end counts")
    func leftRunning() throws {
        let result = try run("sleep 600 & echo $!") { $0.output = .captured(limit: 100) }
        let pid = try #require(pid_t(result.text.filter(\.isNumber)))
        #expect(kill(pid, SIGKILL) == 0, "it has not ended")
        #expect(result.status == 0)
    }

    @Test("all that a command wrote before its end is there, however much of it still is in the pipe")
    func whole() throws {
        for _ in 1...50 {
            #expect(try run("head -c 60000 /dev/zero") { $0.output = .captured(limit: 1 << 20) }.output.count == 60_000)
        }
    }
}
