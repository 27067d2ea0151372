import HostTools
import TestSupport
import Testing

/// Words that a shell could take for something else.
private let awkward = [
    "", " ", "plain", "a b", "it's", "''", "'", "\"", "\\", "\\'", "$HOME", "${x}", "`id`", "$(id)", "*", "?", "[a]",
    "~", "~root",
    "a;b", "a&b", "a|b", "<x", ">x", "(x)", "{a,b}", "#x", "!x", "=", "a=b", "-n", "--", "tab\there", "line\nbreak",
    "\n", "%s",
    "ä", "日本", "'\u{301}", "a'\u{301}; echo no; '\u{301}", ",\u{301}", "\r\n", "é'\u{200D}",
]

@Suite("Commands as lines for a shell")
struct CommandTests {
    /// The words that a real shell makes of a line whose command prints its arguments, each with a NUL behind it.
    private func words(_ line: String) throws -> [String] {
        let output = try runner.run(Command(Program("sh", package: "dash", for: "tests"), ["-c", line]))
        return output.bytes.split(separator: 0, omittingEmptySubsequences: false).dropLast()
            .map { String(decoding: $0, as: UTF8.self) }
    }

    @Test("a command's line, pasted into a shell, gives the same arguments", arguments: awkward)
    func quoting(word: String) throws {
        let command = Command(Program("printf", package: "coreutils", for: "tests"), ["%s\\0", word, "end"])
        #expect(try words(command.line).map { Array($0.utf8) } == [Array(word.utf8), Array("end".utf8)])
    }

    @Test("all awkward words at once keep their order and their borders")
    func together() throws {
        let command = Command(Program("printf", package: "coreutils", for: "tests"), ["%s\\0"] + awkward)
        #expect(try words(command.line).map { Array($0.utf8) } == awkward.map { Array($0.utf8) })
    }

    @Test("variables stand in front of the command, quoted")
    func variables() throws {
        let command = Command(
            Program("sh", package: "dash", for: "tests"), ["-c", "printf '%s\\0' \"$A\" \"$B\""],
            environment: ["B": "it's", "A": "x y"])
        #expect(command.line == #"A='x y' B='it'\''s' sh -c 'printf '\''%s\0'\'' "$A" "$B"'"#)
        #expect(try words(command.line) == ["x y", "it's"])
    }

    @Test("plain words stay as they are")
    func plain() {
        let command = Command(QemuImg.program, ["check", "-q", "/srv/a_b-c.d/x:y,z+1@2%3=4"])
        #expect(command.line == "qemu-img check -q /srv/a_b-c.d/x:y,z+1@2%3=4")
    }

    @Test("a program gets a fixed language and PATH, and nothing of the user's environment that changes what it does")
    func environment() throws {
        let output = try runner.run(
            Command(Program("env", package: "coreutils", for: "tests"), [], environment: ["X": "1"]))
        let names = Set(
            output.text.split(separator: "\n").compactMap { $0.split(separator: "=").first.map(String.init) })
        #expect(names.isSuperset(of: ["PATH", "LC_ALL", "X"]))
        #expect(
            names.subtracting(["PATH", "LC_ALL", "X"]).isSubset(of: [
                "HOME", "TERM", "TMPDIR", "USER", "LOGNAME", "http_proxy", "https_proxy", "no_proxy", "DEVBOX_WORK",
            ]))
        #expect(output.text.contains("LC_ALL=C.UTF-8\n"))
    }
}
