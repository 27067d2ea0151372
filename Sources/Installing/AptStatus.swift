import Packages

/// A guest's dpkg status as apt is to see it: with the packages that are to be installed unpacked already, so that what they need is
/// what is missing.
enum AptStatus {
    private static let kept = [
        "Package", "Essential", "Important", "Protected", "Priority", "Section", "Architecture", "Multi-Arch", "Source",
        "Version", "Provides", "Pre-Depends", "Depends", "Conflicts", "Breaks", "Replaces",
    ]

    /// - Parameters:
    ///   - status: the guest's `var/lib/dpkg/status`.
    ///   - wanted: the packages that are to be installed.
    static func text(_ status: [UInt8], with wanted: [ControlStanza], name: String) throws -> String {
        var text = ""
        func add(_ stanza: ControlStanza, _ state: String) {
            text += "Status: \(state)\n"
            for field in kept {
                if let value = stanza.folded(field), !value.isEmpty { text += "\(field): \(value)\n" }
            }
            text += "\n"
        }
        func isSame(_ one: ControlStanza, _ other: ControlStanza) -> Bool {
            // Of one name there can be several architectures only where both are "same".
            one["Package"] == other["Package"]
                && (one["Architecture"] == other["Architecture"] || one["Multi-Arch"] != "same"
                    || other["Multi-Arch"] != "same")
        }
        for stanza in try ControlReader.stanzas(of: status, name: name)
        where !wanted.contains(where: { isSame($0, stanza) }) {
            let state = (stanza["Status"] ?? "").split(separator: " ").map(String.init)
            guard state.count == 3, state[2] != "not-installed", state[2] != "config-files" else { continue }
            add(stanza, state.joined(separator: " "))
        }
        for stanza in wanted { add(stanza, "install ok unpacked") }
        return text
    }
}
