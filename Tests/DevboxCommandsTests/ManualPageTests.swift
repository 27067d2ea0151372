import DevboxCore
import Foundation
import HostTools
import TestSupport
import Testing

@testable import DevboxCommands

@Suite("The manual")
struct ManualPageTests {
    @Test("each command that is shown has a page, by the words that it is typed with")
    func pages() throws {
        let names = try ManualPage.all().map(\.name)
        #expect(Set(names).count == names.count)
        for name in ["devbox", "devbox-exec", "devbox-image-build", "devbox-kdump-arm"] {
            #expect(names.contains(name))
        }
        #expect(!names.contains("devbox-supervise") && !names.contains("devbox-ssh-proxy"))
    }

    @Test("roff has nothing to complain of in any page, and shows what --help shows")
    func roff() throws {
        let scratch = try ScratchDirectory()
        for page in try ManualPage.all() {
            let file = try scratch.write(page.text, to: "\(page.name).1")
            let result = try attempt("groff", "-man", "-ww", "-Tutf8", file.string)
            #expect(result.status.isSuccess && result.errorBytes.isEmpty, "\(page.name): \(result.complaint)")
        }
        let text = try tool("groff", "-man", "-Tutf8", "-P-cbou", scratch("devbox-exec.1").string)
        for part in [
            "DEVBOX-EXEC(1)", "[options] <guest>", "--timeout <seconds>", "--bisect",
            "devbox exec bug-4711 -- uname -a",
        ] {
            #expect(text.contains(part), "\(part) is not in\n\(text)")
        }
    }

    @Test("paragraphs are apart where there are two, and nowhere else")
    func paragraphs() {
        var page = ManualText()
        page.paragraphs(["", "one", "", "", "two", "  x", "", "  y", ""])
        #expect(page.text == "one\n.PP\ntwo\n.nf\n  x\n.fi\n.nf\n.PP\n  y\n.fi\n")
    }

    @Test("no text is taken for a request of roff's")
    func escapes() {
        var page = ManualText()
        page.line(".so /etc/passwd")
        page.line(#"'\n and a-b"#)
        page.line("snapshot-1, … é")
        page.macro("B", [#"a "word""#])
        #expect(
            page.text == "\\&.so /etc/passwd\n\\&'\\en and a\\-b\nsnapshot\\-1, ... \\[u00E9]\n.B \"a \\(dqword\\(dq\"\n")
    }
}
