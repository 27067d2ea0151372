import DevboxCore
import Testing

@Suite("Names")
struct NamesTests {
    @Test(
        "a name of 1 to 63 letters, digits and hyphens is valid",
        arguments: [
            "a", "0", "bug-4711", "6-1-0-47", String(repeating: "x", count: 63),
        ])
    func valid(name: String) throws {
        #expect(Names.isValid(name))
        #expect(try Names.check(name, "guest") == name)
    }

    @Test(
        "what is no host name or no safe file name is refused with status 64",
        arguments: [
            "", "-a", "a-", ".", "..", "../x", "a/b", "A", "bug_1", "ä", "a b", "a\n", "a\0", "a.b",
            String(repeating: "x", count: 64),
        ])
    func invalid(name: String) {
        #expect(!Names.isValid(name))
        let error = #expect(throws: Failure.self) { try Names.check(name, "guest") }
        #expect(error?.exitCode == .usage)
        #expect(error?.hint != nil)
    }

    @Test("a refused name's control characters do not reach the terminal")
    func printableInError() {
        let error = #expect(throws: Failure.self) { try Names.check("a\u{1B}[2J\n", "image") }
        #expect(error?.message == "'a\\u{1b}[2J\\u{a}' cannot name an image")
    }

    @Test("control characters, C1 ones included, are shown as escapes and all else as it is")
    func printable() {
        #expect(Names.printable("\t\r\n\u{7F}\u{9B}31m") == "\\u{9}\\u{d}\\u{a}\\u{7f}\\u{9b}31m")
        #expect(Names.printable("größe 日本 👩‍💻") == "größe 日本 👩‍💻")
        // What would turn around, or hide, what stands beside it.
        #expect(Names.printable("a\u{202E}bed.exe\u{200B}\u{FEFF}") == "a\\u{202e}bed.exe\\u{200b}\\u{feff}")
    }
}
