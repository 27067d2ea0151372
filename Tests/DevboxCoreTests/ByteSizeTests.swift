import DevboxCore
import Testing

@Suite("Sizes and tables")
struct ByteSizeTests {
    private static let written: [(String, Int64)] = [
        ("4096", 4096), ("1K", 1024), ("1k", 1024), ("512M", 536_870_912), ("4G", 4_294_967_296),
        ("4GiB", 4_294_967_296),
        ("4GB", 4_294_967_296), ("2T", 2_199_023_255_552), ("0", 0), ("8388607T", 9_223_370_937_343_148_032),
    ]

    @Test("sizes are read in powers of 1024, with or without B and iB", arguments: written)
    func parses(text: String, bytes: Int64) {
        #expect(ByteSize.parse(text) == bytes)
    }

    @Test(
        "what is no size, and what overflows, is nil",
        arguments: [
            "", "G", "B", "x", "-1", "-4G", "4X", "1.5G", "4 G", "8388608T", "9223372036854775808", "4GG",
        ])
    func refuses(text: String) {
        #expect(ByteSize.parse(text) == nil)
    }

    private static let printed: [(Int64, String)] = [
        (0, "0B"), (1023, "1023B"), (1024, "1K"), (1536, "1.5K"), (4_294_967_296, "4G"), (196_624, "192K"),
        (1_048_575, "1024K"), (1_099_511_627_776, "1T"), (123_456_789, "118M"), (72_057_594_037_927_936, "65536T"),
        (.max, "8388608T"),
    ]

    @Test("sizes are printed with at most one digit behind the point", arguments: printed)
    func prints(bytes: Int64, text: String) {
        #expect(ByteSize.text(bytes) == text)
    }

    @Test("a table's columns are as wide as their content, with no spaces at the ends of lines")
    func table() {
        var table = Table("NAME", "STATE", "KERNEL")
        #expect(table.isEmpty)
        table.add("bug-4711", "running", "6.1.0-47-amd64")
        table.add("b", nil, nil)
        #expect(!table.isEmpty)
        #expect(
            table.text == """
                NAME      STATE    KERNEL
                bug-4711  running  6.1.0-47-amd64
                b         -        -
                """)
    }

    @Test("a cell from outside cannot move the cursor")
    func tableEscapes() {
        var table = Table("A")
        table.add("x\u{1B}[H")
        #expect(table.text == "A\nx\\u{1b}[H")
    }
}
