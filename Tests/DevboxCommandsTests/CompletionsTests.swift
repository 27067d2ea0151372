import DevboxCore
@testable import DevboxCommands
import Glibc
import HostTools
import SystemPackage
import TestSupport
import Testing

@Suite("devbox completions", .timeLimit(.minutes(10)))
struct CompletionsTests {
    private func script(_ shell: Shell) throws -> String {
        try runner.run(Command(Devbox.program, ["completions", shell.rawValue])).text
    }

    private func install(_ shell: Shell, _ environment: [String: String]) throws -> Runner.Output {
        try runner.attempt(
            Command(Devbox.program, ["completions", shell.rawValue, "--install"], environment: environment))
    }

    @Test("the completions that are checked in are those that devbox prints", arguments: Shell.allCases)
    func checkedIn(shell: Shell) throws {
        let root = FilePath(#filePath).removingLastComponent().pushing("../..").lexicallyNormalized()
        let file = root.appending("completions").appending("devbox.\(shell.rawValue)")
        let checkedIn = (try? Files.text(file)) ?? ""
        #expect(
            try checkedIn == script(shell),
            "completions/devbox.\(shell.rawValue) is stale: run `make completions` and commit what it writes")
    }

    @Test(
        "--install writes them where the user's shell looks, and prints where that is",
        arguments: [
            (.bash, ".local/share/bash-completion/completions/devbox"),
            (.zsh, ".local/share/zsh/site-functions/_devbox"), (.fish, ".config/fish/completions/devbox.fish"),
        ] as [(Shell, String)])
    func installed(shell: Shell, place: String) throws {
        let home = try ScratchDirectory()
        let output = try install(shell, ["HOME": home.path.string, "SUDO_UID": "", "XDG_DATA_HOME": "relative"])
        #expect(output.status.isSuccess, "\(output.complaint)")
        #expect(output.text == "\(home(place))\n")
        #expect(try Files.text(home(place)) + "\n" == script(shell))
        #expect(try Files.status(home(place)).st_mode & 0o777 == 0o644)
        let line = "fpath=(\(home(".local/share/zsh/site-functions")) $fpath)"
        #expect(output.complaint.contains(line) == (shell == .zsh))
    }

    @Test("folders that the environment names are taken, where they are absolute")
    func places() {
        let given = ["XDG_DATA_HOME": "/d", "XDG_CONFIG_HOME": "/c", "BASH_COMPLETION_USER_DIR": ""]
        #expect(Shell.bash.file(environment: given, home: "/h") == "/d/bash-completion/completions/devbox")
        #expect(Shell.zsh.file(environment: given, home: "/h") == "/d/zsh/site-functions/_devbox")
        #expect(Shell.fish.file(environment: given, home: "/h") == "/c/fish/completions/devbox.fish")
        let own = ["BASH_COMPLETION_USER_DIR": "/b", "XDG_DATA_HOME": "/d"]
        #expect(Shell.bash.file(environment: own, home: "/h") == "/b/completions/devbox")
        let relative = Shell.fish.file(environment: ["XDG_CONFIG_HOME": "c"], home: "/h")
        #expect(relative == "/h/.config/fish/completions/devbox.fish")
    }

    @Test("bash completes with what was installed: commands, and what they take")
    func bash() throws {
        let home = try ScratchDirectory()
        #expect(try install(.bash, ["HOME": home.path.string]).status.isSuccess)
        let folder = Devbox.program.name.split(separator: "/").dropLast().joined(separator: "/")
        let asked = """
            PATH=/\(folder):$PATH
            . ~/.local/share/bash-completion/completions/devbox
            COMP_WORDS=(devbox completions ''); COMP_CWORD=2; COMP_LINE='devbox completions '; COMP_POINT=${#COMP_LINE}
            $(complete -p devbox | sed 's/.*-F \\([^ ]*\\) .*/\\1/') devbox '' completions
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let output = try runner.attempt(
            Command(
                Program("bash", package: "bash", for: "tests"), ["-c", asked], environment: ["HOME": home.path.string]))
        let replies = Set(output.text.split(separator: "\n").map(String.init))
        #expect(replies.isSuperset(of: ["bash", "zsh", "fish"]), "\(output.text) \(output.complaint)")
    }

    @Test(
        "bash completes guests behind options in front of the command's name, out of the work directory that they name")
    func leading() throws {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        try scratch.write("{}", to: "work/guests/bug-1/guest.json")
        let folder = Devbox.program.name.split(separator: "/").dropLast().joined(separator: "/")
        let line = "devbox --work \(work.path) show "
        let asked = """
            PATH=/\(folder):$PATH
            . <(devbox completions bash)
            COMP_WORDS=(devbox --work \(work.path) show ''); COMP_CWORD=4; COMP_LINE='\(line)'; COMP_POINT=${#COMP_LINE}
            $(complete -p devbox | sed 's/.*-F \\([^ ]*\\) .*/\\1/') devbox '' show
            printf '%s\\n' "${COMPREPLY[@]}"
            """
        let output = try runner.attempt(
            Command(
                Program("bash", package: "bash", for: "tests"), ["-c", asked],
                environment: ["HOME": scratch("home").string]))
        #expect(output.text == "bug-1\n", "\(output.text) \(output.complaint)")
    }

    @Test("root does not write into another user's home", .enabled(if: getuid() == 0))
    func sudo() throws {
        let home = try ScratchDirectory()
        let output = try install(.bash, ["HOME": home.path.string, "SUDO_UID": "1234", "SUDO_GID": "1234"])
        #expect(output.status == .exited(64) && output.complaint.contains("without sudo"), "\(output.complaint)")
        #expect(try Files.list(home.path).isEmpty)
    }
}

@Suite("devbox templates", .timeLimit(.minutes(10)))
struct TemplatesCommandTests {
    @Test("a copy of the program, with nothing beside it, prints them, and needs no work directory for that")
    func copy() throws {
        let scratch = try ScratchDirectory()
        try tool("cp", "--reflink=auto", Devbox.program.name, scratch("devbox").string)
        let copy = Program(scratch("devbox").string, package: "devbox", for: "tests")
        let printed = try runner.run(
            Command(copy, ["templates", "devbox.yaml"], environment: ["HOME": scratch.path.string]), directory: "/")
        let file = FilePath(#filePath).removingLastComponent().pushing("../../templates/devbox.yaml")
        #expect(try printed.text == Files.text(file.lexicallyNormalized()))
    }

    @Test("the list says which of them are the user's own, and a word that is none is no template")
    func list() throws {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        try scratch.write("x\n", to: "work/templates/image/etc/hosts")
        let json = try RecordFile.decode(JSONValue.self, from: Devbox.run("templates", "--json", work: work.path).bytes)
        let own = try #require(json.array).filter { $0["file"] != nil }
        #expect(own.map { $0["name"]?.string } == ["image/etc/hosts"])
        #expect(own.first?["file"]?.string == work.templates.appending("image/etc/hosts").string)
        #expect(try Devbox.run("templates", "image/etc/hosts", work: work.path).text.contains("localhost"))
        #expect(try Devbox.run("templates", "nothing", work: work.path).status == .exited(66))
    }

    @Test(
        "names are completed from the work directory that the command line names",
        arguments: [
            ("devbox show --work /w ", "/w"), ("devbox --work=/w show b", "/w"),
            ("devbox --work ~/w exec ", "/home/me/w"),
            ("devbox show b", nil), ("devbox exec g -- ls --work /w ", nil), ("devbox show --work", nil),
        ] as [(String, String?)])
    func completesFromNamedWorkDirectory(line: String, expected: String?) {
        let words = line.split(separator: " ", omittingEmptySubsequences: false).map(String.init)
        #expect(NameCompletion.workDirectory(in: words, home: "/home/me") == expected)
    }
}
