import DevboxCore
import Glibc
import HostTools
import SystemPackage
import Templates
import TestSupport
import Testing

/// What `target/run.sh` does in a guest, done here: it needs nothing of a guest's own.
@Suite("A command in a guest that runs", .timeLimit(.minutes(10)))
struct RunScriptTests {
    private static let mark = "ab12"

    private func run(_ options: String, _ script: String, input: String = "") throws -> (status: Int32, text: String) {
        let words = try Templates.builtIn.shell("target/run.sh", [Self.mark, options, "sh", "-c", script])
        let output = try runner.attempt(
            Command(Program(words[0], package: "dash", for: "tests"), Array(words.dropFirst())),
            input: Array(input.utf8), limit: .seconds(60))
        return (output.status.shellStatus, output.text.replacing("\u{1E}", with: "|"))
    }

    private func hasEnded(_ text: String) -> Bool {
        let words = text.split { !$0.isNumber && !$0.isLetter }
        // The number that the script printed; one that waits to be reaped runs no more.
        guard let process = words.compactMap({ pid_t($0) }).first(where: { $0 > 9 }) else { return false }
        let state = (try? Files.text(FilePath("/proc/\(process)/stat"), limit: 4096)) ?? ") Z"
        return state.contains(") Z") || state.contains(") X")
    }

    @Test("its status and its streams are between marks")
    func marks() throws {
        let result = try run("marks", "echo out; exit 3")
        #expect(result.status == 3 && result.text == "|ab12 begins|out\n|ab12 ends 3|")
    }

    @Test(
        "its end is the end: what it left running has ended too, whatever session that is in",
        arguments: ["sleep 601 & echo $!; exit 3", "sleep 601 </dev/null >/dev/null 2>&1 & echo $!; exit 3"])
    func leftovers(script: String) throws {
        let result = try run("marks", script)
        #expect(result.status == 3 && hasEnded(result.text), "\(result.text)")
    }

    @Test("what may stay goes on, and its end is not waited for")
    func stays() throws {
        let result = try run("marks stay", "sleep 601 </dev/null >/dev/null 2>&1 & echo $!; exit 3")
        #expect(result.status == 3 && !hasEnded(result.text), "\(result.text)")
        for word in result.text.split(whereSeparator: { !$0.isNumber }).compactMap({ pid_t($0) }) where word > 12 {
            kill(word, SIGKILL)
        }
    }

    @Test("the variables are the same wherever it runs")
    func variables() throws {
        let result = try run("marks", "echo $USER $LOGNAME $SHELL $LANG $PATH; umask")
        let shell =
            try Files.text("/etc/passwd").split(separator: "\n").first { $0.hasPrefix("root:") }?
            .split(separator: ":").last ?? "/bin/sh"
        #expect(
            result.text.contains(
                "root root \(shell) C.UTF-8 /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\n0022\n"))
    }

    @Test("what it has not read of its input is counted")
    func input() throws {
        let result = try run("marks count", "read -r first; echo $first", input: "one\ntwo\n")
        #expect(result.text.hasSuffix("one\n|ab12 ends 0||ab12 left 4|"))
        #expect(try run("marks count", "exit 0", input: "one\n").text.hasSuffix("left 4|"))
    }

    @Test("a command that is not there, and one that a signal ends, have the statuses that shells give them")
    func statuses() throws {
        #expect(try run("marks", "exec no-such-program").status == 127)
        #expect(try run("marks", "kill -KILL $$").status == 128 + SIGKILL)
    }
}
