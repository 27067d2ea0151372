import ArgumentParser
import DevboxCore
@testable import DevboxCommands
import Foundation
import Guests
import HostTools
import SystemPackage
import TestSupport
import Testing

@Suite("The command line", .timeLimit(.minutes(10)))
struct CommandsTests {
    private static func all(_ command: any ParsableCommand.Type) -> [any ParsableCommand.Type] {
        [command] + command.configuration.subcommands.flatMap(all)
    }

    @Test("every command has help that says what it does, with examples")
    func examples() {
        for command in Self.all(DevboxCommand.self) where command.configuration.shouldDisplay {
            let name = command.configuration.commandName ?? "\(command)"
            #expect(!command.configuration.abstract.isEmpty, "\(name)")
            if command.configuration.subcommands.isEmpty || command == DevboxCommand.self {
                #expect(command.configuration.discussion.contains("EXAMPLES:\n"), "\(name)")
                #expect(command.configuration.discussion.contains("devbox "), "\(name)")
            }
        }
    }

    @Test("every command that a user sees takes --work and --json")
    func globalOptions() {
        for command in Self.all(DevboxCommand.self)
        where command.configuration.shouldDisplay && command.configuration.subcommands.isEmpty {
            let help = command.helpMessage()
            #expect(help.contains("--work"), "\(command)")
            #expect(help.contains("--json"), "\(command)")
        }
    }

    @Test(
        "global options may stand before the command's name",
        arguments: [
            ("--work /x list --json", "list --work /x --json"),
            ("-v --work=/x image list a", "image list -v --work=/x a"),
            ("-q exec g -- --work y", "exec -q g -- --work y"), ("list --work /x", "list --work /x"),
            ("--json ls", "ls --json"), ("--help", "--help"), ("--version", "--version"), ("-q", ""),
            ("--work /x nonsense", "nonsense"), ("--work", "--work"), ("--strange list", "--strange list"),
        ])
    func leading(typed: String, parsed: String) {
        let words = { (text: String) in text.split(separator: " ").map(String.init) }
        #expect(LeadingOptions.moved(words(typed), root: DevboxCommand.self) == words(parsed))
    }

    @Test(
        "of a word that is no command the one that was meant is said",
        arguments: [
            ("strat", "`devbox start`?"), ("kdump-sta", "`devbox kdump-status`?"), ("colne", "`devbox clone`?"),
            ("frobnicate", "`devbox --help` lists them"),
        ])
    func unknown(word: String, hint: String) {
        let failure = reported { try UnknownCommand.check([word, "x"], root: DevboxCommand.self) }
        let nested = reported { try UnknownCommand.check(["image", "bild"], root: DevboxCommand.self) }
        #expect(nested?.hint == "`devbox image build`?")
        #expect(failure?.message == "there is no command '\(word)'" && failure?.hint == hint)
    }

    @Test("every command by its name or alias, and what is no word, is left to the parser")
    func known() throws {
        for command in DevboxCommand.configuration.subcommands {
            for name in [try #require(command.configuration.commandName)] + command.configuration.aliases {
                try UnknownCommand.check([name], root: DevboxCommand.self)
            }
        }
        for arguments in [[], ["--help"], ["help", "list"]] {
            try UnknownCommand.check(arguments, root: DevboxCommand.self)
        }
    }

    private static let statuses: [(DevboxCore.ExitCode, Int32)] = [
        (.panicked, 121), (.timedOut, 122), (.notFound, 125), (.busy, 125), (.needsRoot, 125), (.missing, 125),
        (.failure, 125),
        (.usage, 125), (.badInput, 125), (.interrupted, 125),
    ]

    @Test("exec's own failures are 125, but a panic is 121 and a hang 122", arguments: statuses)
    func execStatus(code: DevboxCore.ExitCode, status: Int32) {
        #expect(ExecStatus.of(Failure(code, "x")).rawValue == status)
    }

    @Test(
        "with --bisect a command's status is never one that git bisect stops or skips at",
        arguments: [
            (Int32(0), Int32(0)), (1, 1), (124, 124), (125, 1), (126, 126), (127, 127), (128, 1), (137, 1), (255, 1),
            (121, 121),
        ])
    func bisect(status: Int32, mapped: Int32) {
        #expect(ExecStatus.bisect(status) == mapped)
    }

    @Test("the built devbox ends with the promised codes, and says why in one line with a hint")
    func codes() throws {
        let scratch = try ScratchDirectory()
        _ = try WorkDirectory(given: scratch("work").string, environment: [:])
        for (arguments, status) in [
            (["show", "none"], Int32(66)), (["show", "A"], 64), (["clone", "none", "a"], 66), (["no-such-command"], 64),
            (["exec", "none", "--", "true"], 125), (["clone", "a", "b", "--memory", "1K"], 64), (["--version"], 0),
            (["list"], 0), (["kdump-arm", "a", "--crashkernel", "8M"], 64),
            (["kdump-arm", "a", "--crashkernel", "900G"], 64),
        ] {
            let output = try runner.attempt(
                Command(Devbox.program, arguments, environment: ["DEVBOX_WORK": scratch("work").string]))
            #expect(output.status == .exited(status), "\(arguments)")
            if status == 66 {
                let lines = String(decoding: output.errorBytes, as: UTF8.self).split(separator: "\n")
                #expect(lines.count == 2)
                #expect(lines.first?.hasPrefix("devbox: error: ") == true)
                #expect(lines.last?.hasPrefix("hint: ") == true)
                #expect(output.bytes.isEmpty)
            }
        }
    }

    @Test("a command that does not make a work directory says that there is none, and leaves what is there as it is")
    func noWorkDirectory() throws {
        let scratch = try ScratchDirectory()
        try scratch.write("", to: "home/file")
        for folder in [scratch("none"), scratch("home")] {
            for arguments in [["list"], ["image", "list"], ["clone", "a", "b"], ["dumps", "a"]] {
                let output = try runner.attempt(Command(Devbox.program, arguments + ["--work", folder.string]))
                #expect(output.status == .exited(66), "\(arguments)")
                let message = String(decoding: output.errorBytes, as: UTF8.self)
                #expect(message.hasPrefix("devbox: error: \(folder) is no work directory\nhint: name one with --work"))
            }
        }
        #expect(try Files.list(scratch.path) == ["home"] && Files.list(scratch("home")) == ["file"])
        #expect(try Devbox.run("packages", work: scratch("none")).status.isSuccess)
        #expect(try Devbox.run("list", work: scratch("none")).status.isSuccess)
    }

    /// A network library that takes its time to initialise and, as OpenSSL does, undoes at the process's end what it has begun.
    private static let slowLibrary = """
        #include <stdlib.h>
        #include <unistd.h>
        static volatile int busy;
        static void undo(void) { if (busy) abort(); }
        int curl_global_init(long flags) { busy = 1; atexit(undo); usleep(300000); busy = 0; return 0; }
        #define F(name) void curl_##name(void) {}
        F(easy_init) F(easy_cleanup) F(easy_setopt) F(easy_getinfo) F(easy_strerror) F(slist_append) F(slist_free_all)
        F(multi_init) F(multi_cleanup) F(multi_add_handle) F(multi_remove_handle) F(multi_setopt) F(multi_perform)
        F(multi_poll) F(multi_info_read)
        """

    @Test(
        "fetch that ends before the network library is loaded ends as it should",
        arguments: [["--date", "bad"], ["--help"]])
    func endsEarly(arguments: [String]) throws {
        let scratch = try ScratchDirectory()
        let source = try scratch.write(Self.slowLibrary, to: "curl.c")
        _ = try tool("gcc", "-shared", "-fPIC", "-o", scratch("libcurl.so.4").string, source.string)
        let output = try runner.attempt(
            Command(
                Devbox.program, ["fetch", "ltp"] + arguments, environment: ["LD_LIBRARY_PATH": scratch.path.string]))
        #expect(output.status == .exited(arguments == ["--help"] ? 0 : 64))
    }

    @Test("of several names each has its turn, whatever the others fail of", arguments: ["remove", "stop"])
    func several(command: String) throws {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        try TestImage.make(in: work)
        for name in ["a", "b"] { #expect(try Devbox.run("clone", "base", name, work: work.path).status.isSuccess) }
        let output = try Devbox.run(command, "a", "none", "A", "b", work: work.path)
        // As the last failure has it; the name itself is wrong.
        #expect(output.status == .exited(64))
        let lines = String(decoding: output.errorBytes, as: UTF8.self).split(separator: "\n")
        let said = command == "remove" ? "removed" : "is not running"
        #expect(lines.contains("a: \(said)") && lines.contains("b: \(said)"))
        #expect(lines.filter { $0.hasPrefix("devbox: error: ") }.count == 2)
        #expect(lines.contains("devbox: error: there is no guest none"))
    }

    @Test(
        "data that cannot be written is an error, but not where nobody wants to read it",
        arguments: ["list --json >/dev/full", "--help >/dev/full", "list --json | true"])
    func output(command: String) throws {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        let isFull = command.hasSuffix("full")
        let output = try runner.attempt(
            Command(
                Program("/bin/bash", package: "bash", for: "tests"),
                ["-o", "pipefail", "-c", "\"$0\" \(command)", Devbox.program.name],
                environment: ["DEVBOX_WORK": work.path.string]))
        #expect(output.status == .exited(isFull ? 1 : 0))
        let message = String(decoding: output.errorBytes, as: UTF8.self)
        #expect(isFull ? message.hasPrefix("devbox: error: cannot write to standard output") : message.isEmpty)
    }

    @Test("a guest with a damaged record, or with none, is removed with --force alone, and keeps no layer from going")
    func removeDamaged() throws {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        try TestImage.make(in: work)
        for (source, name) in [("base", "a"), ("a", "b"), ("b", "c")] {
            #expect(try Devbox.run("clone", source, name, work: work.path).status.isSuccess)
        }
        try Files.writeAtomically([], to: work.guests.appending("a/guest.json"))
        try Files.remove(work.guests.appending("b/guest.json"))
        for name in ["a", "b"] {
            let refused = try Devbox.run("remove", name, work: work.path)
            #expect(refused.status == .exited(name == "a" ? 65 : 66))
            #expect(String(decoding: refused.errorBytes, as: UTF8.self).contains("`devbox remove --force \(name)`"))
        }
        #expect(try Devbox.run("remove", "--force", "a", "b", "c", work: work.path).status.isSuccess)
        #expect(try Files.list(work.guests).isEmpty && Files.list(work.layers).isEmpty)
    }

    @Test("one that is not there is no error for remove --force, and -q says nothing of it")
    func removeNothing() throws {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        #expect(try Devbox.run("remove", "none", work: work.path).status == .exited(66))
        let quiet = try Devbox.run("remove", "-qf", "none", work: work.path)
        #expect(quiet.status.isSuccess && quiet.errorBytes.isEmpty && quiet.bytes.isEmpty)
        let json = try Devbox.run("remove", "--force", "--json", "none", work: work.path)
        #expect(json.status.isSuccess && json.text.filter { !$0.isWhitespace } == "{\"removed\":[]}")
        #expect(try Devbox.run("remove", "-qf", "No Name", work: work.path).status == .exited(64))
    }

    @Test("list gives the same guests as a table and as JSON")
    func list() throws {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        try TestImage.make(in: work)
        #expect(try Devbox.run("clone", "base", "bug-1", "--memory", "2G", work: work.path).status.isSuccess)
        let rows = try RecordFile.decode(JSONValue.self, from: Devbox.run("list", "--json", work: work.path).bytes)
        #expect(rows.array?.count == 1)
        #expect(rows.array?.first?["name"]?.string == "bug-1")
        #expect(rows.array?.first?["state"]?.string == "stopped")
        let table = try Devbox.run("list", work: work.path).text
        #expect(
            table.hasPrefix(
                "NAME   STATE    MODE  ARCH   IMAGE  KERNEL\nbug-1  stopped  kvm   amd64  base   6.1.0-47-amd64\n"))
        let shown = try RecordFile.decode(
            JSONValue.self, from: Devbox.run("show", "bug-1", "--json", work: work.path).bytes)
        #expect(shown["memory"]?.integer == 2 << 30)
    }
}
