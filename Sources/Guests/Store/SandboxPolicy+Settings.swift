import DevboxCore
import Sandbox
import Settings

extension SettingsSection {
    /// What stopped guests are worked on in.
    public static let sandbox = SettingsSection("sandbox")
}

extension SandboxPolicy {
    /// What the command line and devbox.yaml say.
    ///
    /// - Parameters:
    ///   - wanted: what `--in` says.
    ///   - settings: read with the section `sandbox`.
    /// - Throws: `badInput`, with the line, for a section that cannot be used.
    public init(wanted: SandboxKind?, _ settings: Settings) throws {
        self.init(wanted: wanted)
        guard let section = settings[.sandbox], try !section.members().isEmpty else { return }
        try section.check(keys: ["in"])
        configured = try section["in"].map { node in
            let word = try node.text()
            guard let kind = SandboxKind(rawValue: word) else {
                let words = SandboxKind.allCases.map(\.rawValue)
                throw node.wrong(
                    "'\(Names.printable(word))' is none of \(words.joined(separator: ", "))",
                    hint: Names.nearest(to: word, among: words).map { "`\($0)`?" })
            }
            return kind
        }
    }
}
