import DevboxCore
import TestSupport
import Testing

@testable import Settings

extension SettingsSection {
    fileprivate static let lamps = SettingsSection("lamps")
    fileprivate static let doors = SettingsSection("doors")
}

@Suite("devbox.yaml")
struct SettingsTests {
    private func settings(_ yaml: String) throws -> Settings {
        try Settings(yaml: yaml, file: "devbox.yaml", folder: "/w", sections: [.lamps, .doors])
    }

    @Test("each module reads its own section, whatever stands in the others")
    func sections() throws {
        let settings = try settings("doors: [front, back]\nlamps:\n  hall: {watts: 40}\n")
        #expect(try settings[.doors]?.list() == ["front", "back"])
        let lamps = try #require(try settings[.lamps]?.members())
        #expect(lamps.map(\.key) == ["hall"])
        #expect(try lamps[0].value["watts"]?.text() == "40")
        #expect(settings.folder == "/w")
    }

    @Test(
        "a file that is empty, or has only comments, has no sections",
        arguments: ["", "# lamps:\n", "\n\n", "doors:\n"])
    func empty(yaml: String) throws { #expect(try settings(yaml)[.lamps] == nil) }

    @Test("a work directory without the file has none either, and with it what stands there")
    func file() throws {
        let scratch = try ScratchDirectory()
        let work = try WorkDirectory(given: scratch("work").string, environment: [:])
        #expect(try Settings(work, sections: [.lamps])[.lamps] == nil)
        try scratch.write("lamps: on\n", to: "work/devbox.yaml")
        let settings = try Settings(work, sections: [.lamps])
        #expect(try settings[.lamps]?.text() == "on")
        #expect(settings.folder == work.path)
        let error = try #require(reported { _ = try Settings(work, sections: [.doors]) })
        #expect(error.message.hasPrefix("\(work.settings), line 1: "))
    }

    @Test(
        "a section that no module has is an error with its line, and says which was probably meant",
        arguments: [
            ("doors: a\nlamp: b\n", 2, "lamp", "`lamps`?"), ("\n\nodors: a\n", 3, "odors", "`doors`?"),
            ("windows: a\n", 1, "windows", nil),
        ] as [(String, Int, String, String?)])
    func unknown(yaml: String, line: Int, name: String, meant: String?) throws {
        let error = try #require(reported { _ = try settings(yaml) })
        #expect(error.exitCode == .badInput)
        #expect(error.message == "devbox.yaml, line \(line): there is no section '\(name)' here, only lamps, doors")
        #expect(error.hint == meant ?? "`devbox templates devbox.yaml` prints all settings, with comments")
    }

    @Test("so is a setting that a section does not have, at any depth")
    func unknownSetting() throws {
        let hall = try #require(settings("lamps:\n  hall:\n    watts: 40\n    color: red\n")[.lamps]?["hall"])
        let error = try #require(reported { try hall.check(keys: ["watts", "colour"]) })
        #expect(error.exitCode == .badInput)
        #expect(error.message == "devbox.yaml, line 4: there is no setting 'color' here, only watts, colour")
        #expect(error.hint == "`colour`?")
        try hall.check(keys: ["watts", "color"])
    }

    private static let wrong: [(yaml: String, message: String)] = [
        ("lamps: [a\n", "devbox.yaml cannot be read: line 2"), ("- lamps\n", "devbox.yaml, line 1: names with values"),
        ("lamps\n", "devbox.yaml, line 1: names with values"),
        ("lamps: a\nlamps: b\n", "devbox.yaml cannot be read: 'lamps' is there twice, in what begins in line 1"),
        ("\u{1b}[2J: a\n", "devbox.yaml"),
    ]

    @Test("what cannot be read is bad input, and shows nothing that a terminal obeys", arguments: wrong)
    func unreadable(wrong: (yaml: String, message: String)) throws {
        let error = try #require(reported { _ = try settings(wrong.yaml) })
        #expect(error.exitCode == .badInput && error.message.hasPrefix(wrong.message), "\(error.message)")
        #expect(!error.message.contains("\u{1b}"))
    }

    @Test("a value of another shape than is wanted is an error with its line")
    func shapes() throws {
        let settings = try settings("doors:\n  - a\n  - [b]\nlamps:\n  hall:\n  porch: [c]\n")
        let lamps = try #require(settings[.lamps])
        for (line, body) in [
            (3, { _ = try settings[.doors]?.list() }), (6, { _ = try lamps["porch"]?.text() }),
            (5, { _ = try lamps["hall"]?.text() }), (2, { _ = try settings[.doors]?.members() }),
        ] as [(Int, () throws -> Void)] {
            let error = try #require(reported(body), "line \(line)")
            #expect(error.message.hasPrefix("devbox.yaml, line \(line): "), "\(error.message)")
        }
        #expect(try lamps["hall"]?.members().isEmpty == true)
    }

    @Test("what another reader refuses as wrong usage is said with the line, and other errors stay what they are")
    func reading() throws {
        let node = try #require(settings("doors:\n  front: x\n")[.doors]?["front"])
        let error = try #require(reported { _ = try node.reading { _ in throw Failure(.usage, "no door") } })
        #expect(error.exitCode == .badInput && error.message == "devbox.yaml, line 2: no door")
        #expect(reported { _ = try node.reading { _ in throw Failure(.missing, "x") } }?.exitCode == .missing)
        #expect(try node.reading { $0 + "y" } == "xy")
    }
}
