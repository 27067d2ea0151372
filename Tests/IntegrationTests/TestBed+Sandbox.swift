import DevboxCore
import Sandbox
import SystemPackage
import TestSupport
import Testing

extension TestBed {
    /// Runs devbox with what it works on a stopped guest in.
    @discardableResult
    func run(
        in kind: SandboxKind, _ arguments: String..., input: String = "", environment: [String: String] = [:],
        limit: Duration = .seconds(300)
    ) throws -> Outcome {
        try run(Self.words(arguments, in: kind), input: input, environment: environment, limit: limit)
    }

    /// A command's words with `--in` behind its name.
    static func words(_ arguments: [String], in kind: SandboxKind?) -> [String] {
        guard let kind else { return arguments }
        return [arguments[0], "--in", kind.rawValue] + arguments.dropFirst()
    }

    /// What a command says of its terminal, and how devbox ends: `script` is one of 33 lines of 77 characters.
    ///
    /// - Parameter exec: devbox's words before the command.
    func typed(_ exec: [String]) throws -> String {
        let line =
            "\(Devbox.program.name) \(exec.joined(separator: " ")) -- sh -c 'tty; stty size; exit 5'; echo status $?"
        return try tool(
            "env", "DEVBOX_WORK=\(work)", "script", "-qec", "stty rows 33 cols 77; \(line)", "/dev/null")
    }

    /// Copies files and folders into a guest and out of it, and checks what arrives.
    ///
    /// - Parameter kind: what a stopped guest is worked on in; nil for a running one.
    func tryCopies(_ guest: String, in kind: SandboxKind? = nil) throws {
        let scratch = try ScratchDirectory()
        func copy(_ source: String, _ destination: String) throws -> Outcome {
            try run(Self.words(["cp", source, destination], in: kind))
        }
        try scratch.write("text", to: "tree/sub/file")
        try scratch.write("name", to: "tree/ñandú")
        try tool("ln", "-s", "/etc/shadow", scratch("tree/link").string)
        try copy(scratch("tree").string, "\(guest):/root/").succeeded()
        try copy(scratch("tree/sub/file").string, "\(guest):/root/renamed").succeeded()
        // What is neither a file nor a folder stays where it is, which is said.
        let made = "cat /root/tree/sub/file /root/renamed; mkfifo /root/tree/pipe /root/tree/sub/pipe"
        #expect(try run("exec", guest, "--", "sh", "-c", made).out == "texttext")
        let pipes = try copy("\(guest):/root/tree", scratch("back").string)
        #expect(pipes.status == 0, "\(pipes.err)")
        #expect(
            pipes.err.contains("left out, as neither a file nor a folder: tree/")
                && pipes.err.contains(" and 1 more"))
        #expect(try Files.text(scratch("back/sub/file")) == "text")
        #expect(try Files.text(scratch("back/ñandú")) == "name")
        #expect(try tool("readlink", scratch("back/link").string) == "/etc/shadow\n")
        #expect(try copy("\(guest):/root/none", scratch("none").string).status == 66)
        #expect(try copy("\(guest):/root/tree", "-").status == 64)
        #expect(try copy("\(guest):/root/tree/pipe", scratch("pipe").string).status == 64)
        // Files that do not tell their size.
        try copy("\(guest):/proc/version", scratch("version").string).succeeded()
        #expect(try Files.text(scratch("version")).hasPrefix("Linux version "))
        #expect(try Files.list(scratch.path) == ["back", "tree", "version"])
    }
}
