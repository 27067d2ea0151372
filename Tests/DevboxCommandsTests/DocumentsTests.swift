import ArgumentParser
import DevboxCore
@testable import DevboxCommands
import HostTools
import SystemPackage
import TestSupport
import Testing

/// What `make docs-check` runs.
@Suite("The documents")
struct DocumentsTests {
    private static let root = FilePath(#filePath).removingLastComponent().pushing("../..").lexicallyNormalized()

    private static let documents: [String] = {
        let folders: [FilePath] = ["", "docs"]
        return folders.flatMap { folder in
            ((try? Files.list(root.pushing(folder))) ?? []).filter { $0.hasSuffix(".md") }
                .map { folder.appending($0).string }
        }.sorted()
    }()

    private static func text(_ document: String) throws -> String { try Files.text(root.appending(document)) }

    @Test("all of them are looked through")
    func found() throws {
        #expect(Self.documents.contains("README.md") && Self.documents.contains("docs/architecture.md"))
        let readme = MarkdownText(try Self.text("README.md"))
        #expect(readme.commands.count { $0.words.first == "devbox" } >= 15)
        #expect(readme.mentions.count { $0.words.first == "devbox" } >= 25)
        #expect(readme.links.count >= 12)
        // Within a script's quotes.
        #expect(readme.commands.contains { $0.words.starts(with: ["devbox", "exec", "--bisect"]) })
    }

    @Test("each command line of devbox parses: its subcommand and its options exist", arguments: documents)
    func commandLines(document: String) throws {
        for command in MarkdownText(try Self.text(document)).commands where command.words.first == "devbox" {
            let arguments = LeadingOptions.moved(Array(command.words.dropFirst()), root: DevboxCommand.self)
            do {
                try UnknownCommand.check(arguments, root: DevboxCommand.self)
                _ = try DevboxCommand.parseAsRoot(arguments)
            } catch {
                let reason = (error as? any ReportableError)?.message ?? DevboxCommand.fullMessage(for: error)
                // Help and the version are no errors.
                if DevboxCommand.exitCode(for: error).isSuccess { continue }
                Issue.record("\(document):\(command.line): \(command.words.joined(separator: " ")): \(reason)")
            }
        }
    }

    @Test("each command that a sentence or a table names exists, with the options that it names", arguments: documents)
    func mentions(document: String) throws {
        for mention in MarkdownText(try Self.text(document)).mentions where mention.words.first == "devbox" {
            var command: any ParsableCommand.Type = DevboxCommand.self
            var words = mention.words.dropFirst()
            while let name = words.first,
                let next = command.configuration.subcommands.first(where: { $0.configuration.goesBy(name) })
            {
                command = next
                words = words.dropFirst()
            }
            let place = "\(document):\(mention.line): \(mention.words.joined(separator: " "))"
            #expect(command.configuration.subcommands.isEmpty || words.allSatisfy { $0.hasPrefix("-") }, "\(place)")
            let help = DevboxCommand.helpMessage(for: command, includeHidden: true)
            let known = Set(help.matches(of: #/--?[a-zA-Z][a-zA-Z0-9-]*/#).map { String($0.output) } + ["--version"])
            // What stands behind -- is the guest's.
            for word in words.prefix(while: { $0 != "--" }) where word.hasPrefix("-") {
                let option = String(word.prefix { $0 != "=" })
                if known.contains(option) { continue }
                Issue.record("\(place): there is no \(option)")
            }
        }
    }

    @Test("each link to a file of the sources leads to one", arguments: documents)
    func links(document: String) throws {
        let folder = FilePath(document).removingLastComponent()
        for link in MarkdownText(try Self.text(document)).links {
            let target = Self.root.pushing(folder).pushing(FilePath(link.words[0])).lexicallyNormalized()
            #expect(Files.exists(target), "\(document):\(link.line): there is no \(link.words[0])")
        }
    }

    @Test("each key that devbox prints as JSON stands in docs/json.md")
    func keys() throws {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        let vmcore = Self.root.appending("Tests/CrashTests/Fixtures/kdump.zlib.xz")
        try TestImage.make(in: work, size: "64M") { content in
            let folder = content("var/crash/202611010000")
            try Files.makeDirectory(folder)
            try tool(
                "sh", "-c", "xz -dc \"$1\" >\"$2\"", "sh", vmcore.string, folder.appending("dump.202611010000").string)
        }
        let package = try TestPackage("nightly").pack(in: scratch)
        let tree = scratch("tree")
        try Files.makeDirectory(tree)
        try tool("cp", package.string, tree.appending("nightly_1.0_all.deb").string)
        try scratch.write(
            "sources:\n  nightly:\n    kind: tree\n    root: \(tree)\n    pattern: \"{root}/\"\n",
            to: "work/devbox.yaml")
        let promised = try Self.text("docs/json.md")
        for arguments in [
            ["clone", "base", "a"], ["list"], ["show", "a"], ["image", "list"], ["image", "show", "base"],
            ["snapshot", "a", "clean"], ["rollback", "a"], ["kernels", "a"], ["stop", "a"], ["kdump-status", "a"],
            ["kdump-disarm", "a"], ["sources"], ["fetch", "nightly", "--list"], ["fetch", "nightly"], ["packages"],
            ["dumps", "a"], ["deb", "show", package.string], ["doctor"], ["templates"], ["templates", "devbox.yaml"],
            ["man", "exec"], ["completions", "bash"], ["remove", "a"],
        ] {
            let output = try runner.attempt(
                Command(Devbox.program, arguments + ["--json"], environment: ["DEVBOX_WORK": work.path.string]))
            let report = try RecordFile.decode(JSONValue.self, from: output.bytes)
            let keys = Self.keys(of: report)
            // A list that is empty would promise nothing.
            #expect(!keys.isEmpty, "devbox \(arguments) prints nothing: \(output.complaint)")
            for key in keys where !promised.contains("`\(key)`") {
                Issue.record("docs/json.md does not have \(key), which devbox \(arguments) prints")
            }
        }
    }

    private static func keys(of value: JSONValue) -> Set<String> {
        switch value {
        case .object(let members): members.reduce(into: Set(members.keys)) { $0.formUnion(keys(of: $1.value)) }
        case .array(let elements): elements.reduce(into: []) { $0.formUnion(keys(of: $1)) }
        default: []
        }
    }
}
