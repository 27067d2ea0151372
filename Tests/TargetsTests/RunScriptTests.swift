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

    /// - Parameter patience: how long it may take to die: it was killed a moment ago.
    private func hasEnded(_ text: String, within patience: Duration = .seconds(10)) -> Bool {
        let words = text.split { !$0.isNumber && !$0.isLetter }
        // The number that the script printed; one that waits to be reaped runs no more.
        guard let process = words.compactMap({ pid_t($0) }).first(where: { $0 > 9 }) else { return false }
        let deadline = ContinuousClock.now + patience
        while true {
            let state = (try? Files.text(FilePath("/proc/\(process)/stat"), limit: 4096)) ?? ") Z"
            if state.contains(") Z") || state.contains(") X") { return true }
            if ContinuousClock.now > deadline { return false }
            Interrupts.sleep(.milliseconds(10))
        }
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
        #expect(result.status == 3 && !hasEnded(result.text, within: .zero), "\(result.text)")
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

    @Test("what was set before it is nothing of the command's")
    func clean() throws {
        let words = try Templates.builtIn.shell("target/run.sh", [Self.mark, "marks", "env"])
        let output = try runner.attempt(
            Command(
                Program(words[0], package: "dash", for: "tests"), Array(words.dropFirst()),
                environment: ["LC_ALL": "de_DE.UTF-8", "FOO": "1"]), limit: .seconds(60))
        let names = Set(
            output.text.split { $0 == "\n" || $0 == "\u{1E}" }.filter { $0.contains("=") }.map {
                $0.prefix { $0 != "=" }
            })
        #expect(
            names.subtracting(["PWD", "OLDPWD", "SHLVL", "_"])
                == ["PATH", "LANG", "TERM", "USER", "LOGNAME", "HOME", "SHELL"])
    }

    @Test("what it has not read of its input is counted")
    func input() throws {
        let result = try run("marks count", "read -r first; echo $first", input: "one\ntwo\n")
        #expect(result.text.hasSuffix("one\n|ab12 ends 0||ab12 left 4|"))
        #expect(try run("marks count", "exit 0", input: "one\n").text.hasSuffix("left 4|"))
    }

    @Test(
        "one that is ended from outside tells what it has not read, and none of it goes on",
        arguments: ["marks count", "marks terminal"])
    func ended(options: String) throws {
        let mark = "ab\(UInt64.random(in: .min ... .max))"
        let script = "trap '' HUP TERM INT; echo $$; read -r first; while :; do sleep 0.1; done"
        let words = try Templates.builtIn.shell("target/run.sh", [mark, options, "sh", "-c", script])
        let (input, output) = (try Pipe(), try Pipe())
        try Files.writeAll(input.writeEnd, Array("one\ntwo\n".utf8), name: "the input")
        input.closeWriteEnd()
        var child = try ChildProcess(
            Command(Program(words[0], package: "dash", for: "tests"), Array(words.dropFirst())),
            input: .descriptor(input.readEnd), output: .descriptor(output.writeEnd), newSession: true)
        output.closeWriteEnd()
        var text = ""
        var buffer = [UInt8](repeating: 0, count: 4096)
        func more() throws -> Bool {
            let count = try posix("read") { read(output.readEnd.rawValue, &buffer, buffer.count) }
            text += String(decoding: buffer.prefix(count), as: UTF8.self)
            return count > 0
        }
        while !text.contains("begins\u{1E}") || !text.hasSuffix("\n") { _ = try more() }
        let ending = try Templates.builtIn.shell("target/end.sh", [mark])
        try runner.run(Command(Program(ending[0], package: "dash", for: "tests"), Array(ending.dropFirst())))
        #expect(try child.wait(until: .now + .seconds(20), interruptible: false) != nil)
        while try more() {}
        let told = try #require(text.split(separator: "\u{1E}").first { $0.hasSuffix("\n") })
        #expect(hasEnded(String(told)), "\(text)")
        if options == "marks count" { #expect(text.hasSuffix("\u{1E}\(mark) left 4\u{1E}"), "\(text)") }
    }

    @Test("a command that is not there, and one that a signal ends, have the statuses that shells give them")
    func statuses() throws {
        #expect(try run("marks", "exec no-such-program").status == 127)
        #expect(try run("marks", "kill -KILL $$").status == 128 + SIGKILL)
    }
}
