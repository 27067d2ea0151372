import DevboxCore
import Packages
import SystemPackage

/// A file of the machine's apt sources, in either notation: a line each (*.list) or paragraphs (*.sources). See sources.list(5).
///
/// apt itself tells everything of a source but its keyring.
enum AptSourceFile {
    /// What Signed-By says for a source; empty where it says nothing.
    static func signedBy(_ file: FilePath, root: Address, release: String) -> String {
        guard let text = try? Files.read(file, limit: 1 << 20) else { return "" }
        if file.extension == "sources" {
            let stanzas = (try? ControlReader.stanzas(of: text, name: file.string)) ?? []
            let found = stanzas.first { stanza in
                words(stanza["URIs"]).contains { isSame($0, root) } && words(stanza["Suites"]).contains(release)
            }
            return found?["Signed-By"] ?? ""
        }
        for line in String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline) {
            let line = line.prefix { $0 != "#" }
            let options = line.firstIndex(of: "[").flatMap { start in
                line[start...].firstIndex(of: "]").map { end in line[line.index(after: start)..<end] }
            }
            let plain = options.map { line[$0.endIndex...].dropFirst() } ?? line.drop { $0 != " " }
            let rest = words(String(plain))
            guard line.hasPrefix("deb"), rest.count >= 2, isSame(rest[0], root), rest[1] == release else { continue }
            let mark = "signed-by="
            return words(options.map { String($0) }).first { $0.lowercased().hasPrefix(mark) }
                .map { String($0.dropFirst(mark.count)) } ?? ""
        }
        return ""
    }

    private static func words(_ text: String?) -> [String] {
        (text ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
    }

    private static func isSame(_ text: String, _ root: Address) -> Bool {
        (try? Address(text.hasSuffix("/") ? text : text + "/")) == root
    }
}
