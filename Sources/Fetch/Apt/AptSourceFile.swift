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
            let found = stanzas(text).first { stanza in
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

    /// Whether it has a source of packages that is not turned off.
    static func hasSources(_ file: FilePath) -> Bool {
        guard let text = try? Files.read(file, limit: 1 << 20) else { return false }
        if file.extension == "sources" {
            return stanzas(text).contains { stanza in
                words(stanza["Types"]).contains("deb")
                    && !["no", "false", "without", "off", "disable", "0"].contains(stanza["Enabled"]?.lowercased())
            }
        }
        return String(decoding: text, as: UTF8.self).split(whereSeparator: \.isNewline).contains { line in
            let line = line.drop { $0.isWhitespace }
            return line.hasPrefix("deb") && line.dropFirst(3).first.map { $0.isWhitespace || $0 == "[" } == true
        }
    }

    /// Comments may stand in the middle of a paragraph here, which other files of this kind do not have.
    private static func stanzas(_ text: [UInt8]) -> [ControlStanza] {
        let lines = text.split(separator: 0x0A, omittingEmptySubsequences: false).filter {
            $0.first != UInt8(ascii: "#")
        }
        return (try? ControlReader.stanzas(of: Array(lines.joined(separator: [0x0A])), name: "sources")) ?? []
    }

    private static func words(_ text: String?) -> [String] {
        (text ?? "").split(whereSeparator: \.isWhitespace).map(String.init)
    }

    private static func isSame(_ text: String, _ root: Address) -> Bool {
        address(text.hasSuffix("/") ? text : text + "/") == root
    }

    /// Where a URI of apt's leads; nil where that is neither HTTP nor a folder of the host.
    static func address(_ text: String) -> Address? {
        try? Address(text.hasPrefix("file:/") ? "/" + text.dropFirst(6).drop { $0 == "/" } : text)
    }
}
