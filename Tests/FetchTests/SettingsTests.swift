import DevboxCore
import Settings
import SystemPackage
import TestSupport
import Testing

@testable import Fetch

@Suite("The sources in devbox.yaml")
struct SettingsTests {
    private func sources(_ yaml: String) throws -> [any PackageSource] {
        try SourceSettings(Settings(yaml: yaml, file: "devbox.yaml", folder: "/w", sections: [.sources])).sources
    }

    @Test("the commented example can be used once its comments are taken away, and says nothing before that")
    func example() throws {
        let file = FilePath(#filePath).removingLastComponent().pushing("../../templates/devbox.yaml")
            .lexicallyNormalized()
        let text = try Files.text(file)
        #expect(try sources(text).isEmpty)
        let settings = text.split(separator: "\n").drop { $0 != "#sources:" }.filter {
            $0.hasPrefix("#sources") || $0.hasPrefix("#  ")
        }
        .map { $0.dropFirst() }.joined(separator: "\n")
        let sources = try sources(settings)
        #expect(sources.map(\.name) == ["nightly", "kselftest", "lab", "kernels", "mine"])
        #expect(sources.map(\.kind) == ["tree", "tree", "address", "apt", "tree, folder"])
        #expect(sources[0].packages == ["ltp", "kselftest", "libhugetlbfs"])
        #expect(sources[0].maximumSize == 2 << 30)
        #expect(sources[3].keyrings == [Keyring("/etc/devbox/kernels.asc")])
    }

    private static let bad: [(yaml: String, line: Int, words: String)] = [
        ("sorces:\n", 1, "sorces"),
        ("sources:\n  a:\n    kind: tree\n    root: /x\n    patern: '{root}/'\n    pattern: '{root}/'\n", 5, "patern"),
        ("sources:\n  a:\n    kind: tree\n    root: ftp://example.org/\n    pattern: '{root}/'\n", 4, "http://"),
        ("sources:\n  a:\n    kind: tre\n    root: /x\n", 3, "tre"),
        ("sources:\n  a:\n    kind: tree\n    root: /x\n    pattern: '{date}/'\n", 5, "{root}"),
        ("sources:\n  a:\n    kind: apt\n    root: /x\n", 3, "keyring"),
        ("sources:\n  a:\n    kind: tree\n    root: /x\n    pattern: '{root}/'\n    max-size: much\n", 6, "2G"),
        ("sources: [a\n", 2, "line"),
        ("sources:\n  A_B:\n    kind: tree\n", 3, "A_B"),
    ]

    @Test("what is wrong is said with its line", arguments: bad)
    func wrong(bad: (yaml: String, line: Int, words: String)) throws {
        let error = try #require(reported { _ = try sources(bad.yaml) })
        #expect(error.exitCode == .badInput)
        #expect(error.message.contains("line \(bad.line)") && error.message.contains(bad.words), "\(error.message)")
    }
}
