import Dumps
import Testing

@testable import Kdump

@Suite("A guest's makedumpfile")
struct MakedumpfileTests {
    @Test("its version is read out of the program, and out of what it prints")
    func version() {
        let program =
            [0x7F, 0x45] + Array("…version 1.0\0makedumpfile: version 1.7.2 (released on 20 Oct 2022)\n\0".utf8)
        #expect(Makedumpfile(program: program).version == "1.7.2")
        #expect(Makedumpfile(words: "version 1.7.9++\n").version == "1.7.9++")
        for none in ["", "\n", "version", "version \u{1B}[31m"] { #expect(Makedumpfile(words: none).version == nil) }
        #expect(Makedumpfile(program: Array("#!/bin/sh\n".utf8)).version == nil)
        #expect(Makedumpfile(program: Array(" (released on ".utf8)).version == nil)
    }

    @Test(
        "what a kernel needs is known by its version, and only where processes' pages are left out",
        arguments: [
            ("1.7.2", "6.1.0-56-amd64", nil), ("1.7.2", "6.2.0", "1.7.3"), ("1.7.3", "6.9.7-amd64", nil),
            ("1.7.5", "6.10.1", "1.7.6"), ("1.7.2", "6.12.115+deb12-amd64", "1.7.6"), ("1.7.6", "6.12.1", nil),
            ("1.7.10", "6.12.1", nil), ("1.7.9", "7.1.0", "1.8.0"), ("1.8.0", "7.3.4", nil), (nil, "6.12.1", "1.7.6"),
            (nil, "5.10.0", nil),
        ] as [(String?, String, String?)])
    func needed(version: String?, kernel: String, needed: String?) {
        let makedumpfile = Makedumpfile(version: version)
        #expect(makedumpfile.needed(for: kernel, level: 31) == needed)
        #expect(makedumpfile.needed(for: kernel, level: 8) == needed)
        #expect(makedumpfile.needed(for: kernel, level: 23) == nil)
        #expect(makedumpfile.level(31, for: ["5.10.0", kernel]) == (needed == nil ? 31 : 23))
    }

    @Test(
        "the level is read out of MAKEDUMP_ARGS; what cannot be read may be any",
        arguments: [
            ("", 31), ("MAKEDUMP_ARGS=\"-c -d 23\"", 23), ("MAKEDUMP_ARGS='-F -l -d1'", 1),
            ("MAKEDUMP_ARGS=\"-cd 17\"", 17), ("MAKEDUMP_ARGS=\"-d 1,16\"", 17), ("MAKEDUMP_ARGS=\"-c\"", 0),
            ("MAKEDUMP_ARGS=\"-d x\"", 31), ("MAKEDUMP_ARGS=\"-d $LEVEL\"", 31), ("#MAKEDUMP_ARGS=\"-d 1\"", 31),
        ])
    func level(text: String, level: Int) { #expect(Makedumpfile.level(ShellSettings(text)) == level) }
}
