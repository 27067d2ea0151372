import DevboxCore
import Packages
import TestSupport
import Testing

@Suite("Control files", .timeLimit(.minutes(10)))
struct ControlReaderTests {
    private func stanzas(_ text: String, chunks: Int = .max, limits: ControlReader.Limits = .init()) throws
        -> [ControlStanza]
    {
        var result: [ControlStanza] = []
        var reader = ControlReader(name: "index", limits: limits)
        let bytes = Array(text.utf8)
        var start = 0
        while start < bytes.count {
            let end = chunks < bytes.count - start ? start + chunks : bytes.count
            try bytes[start..<end].withUnsafeBytes { try reader.feed($0) { result.append($0) } }
            start = end
        }
        try reader.finish { result.append($0) }
        return result
    }

    private let text =
        "\n\nPackage: a\nDepends: b,\n c (>= 1),\n\td\nDescription: short\n long\n .\n   indented\nEmpty:\nX-Colon: a:b: c \n\n"
        + " \t\nPackage: b\r\nlast: one"

    @Test("are read the same whatever chunks they come in", arguments: [1, 2, 3, 7, 64, Int.max])
    func chunks(size: Int) throws {
        let found = try stanzas(text, chunks: size)
        #expect(found.count == 2)
        #expect(found[0].fields.map(\.name) == ["Package", "Depends", "Description", "Empty", "X-Colon"])
        #expect(found[0]["PACKAGE"] == "a")
        #expect(found[0].folded("depends") == "b, c (>= 1), d")
        #expect(found[0].synopsis == "short")
        #expect(found[0].longDescription == "long\n\n  indented")
        #expect(found[0]["Empty"] == "")
        #expect(found[0]["X-Colon"] == "a:b: c")
        #expect(found[0]["missing"] == nil)
        #expect(found[1]["Package"] == "b")
        #expect(found[1]["Last"] == "one")
    }

    @Test(
        "that are wrong are refused with the line",
        arguments: [
            ("Package: a\nrubbish\n", 2), ("\n\n continued\n", 3), ("A: b\nA: c\n", 2), ("A: b\n\n\nB: c\nb: d\n", 5),
            ("A b: c\n", 1), ("-A: b\n", 1), ("#A: b\n", 1), ("ä: b\n", 1), ("A: \u{0}\n", 1), (":\n", 1),
        ])
    func wrong(text: String, line: Int) {
        let error = reported { _ = try stanzas(text) }
        #expect(error?.exitCode == .badInput)
        #expect(error?.message.hasPrefix("index is damaged: line \(line): ") == true, "\(error?.message ?? "taken")")
    }

    @Test("that are too large are refused before they fill the memory")
    func limits() throws {
        let limits = ControlReader.Limits(field: 100, stanza: 300, fields: 3)
        #expect(try stanzas("A: b\nB: c\nC: d\n", limits: limits).count == 1)
        #expect(reported { _ = try stanzas("A: b\nB: c\nC: d\nD: e\n", limits: limits) }?.exitCode == .badInput)
        let long = String(repeating: "x", count: 101)
        #expect(reported { _ = try stanzas("A: \(long)\n", limits: limits) }?.exitCode == .badInput)
        #expect(reported { _ = try stanzas(long, chunks: 10, limits: limits) }?.exitCode == .badInput)
        let folded = String(repeating: " xxxxxxxxx\n", count: 11)
        #expect(reported { _ = try stanzas("A:\n\(folded)", limits: limits) }?.exitCode == .badInput)
        let line = String(repeating: "y", count: 90)
        let roomy = ControlReader.Limits(field: 100, stanza: 300, fields: 10)
        #expect(
            reported { _ = try stanzas("A: \(line)\nB: \(line)\nC: \(line)\nD: \(line)\n", limits: roomy) }?.exitCode
                == .badInput)
    }
}
