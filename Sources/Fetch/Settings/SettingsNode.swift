import DevboxCore
import Yams

/// A value of devbox.yaml that knows its line, so that what is wrong with it can be said there.
struct SettingsNode {
    private let node: Node
    private let file: String

    /// nil for a file with nothing but comments in it.
    init?(yaml: String, file: String) throws {
        do {
            // All values are read as text: whether one looks like a number or a date does not matter.
            guard let node = try Yams.compose(yaml: yaml, .basic) else { return nil }
            (self.node, self.file) = (node, file)
        } catch let error as YamlError {
            throw Failure(.badInput, "\(file) cannot be read: \(Self.reason(error))")
        }
        // A file of comments is read as one empty value.
        if node.scalar?.string.isEmpty == true { return nil }
    }

    private init(_ node: Node, _ file: String) { (self.node, self.file) = (node, file) }

    private static func reason(_ error: YamlError) -> String {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            "line \(mark.line): \(problem)"
        case .duplicatedKeysInMapping(let keys, _): "these keys are there twice: \(keys)"
        default: "it is not YAML"
        }
    }

    /// An error in this place.
    func wrong(_ reason: String) -> Failure {
        Failure(
            .badInput, "\(file), line \(node.mark?.line ?? 1): \(reason)",
            hint: "templates/devbox.yaml shows all settings, with comments")
    }

    /// The members of a mapping, in their order.
    func members() throws -> [(key: String, value: SettingsNode)] {
        if node.scalar?.string.isEmpty == true { return [] }
        guard let mapping = node.mapping else { throw wrong("names with values are expected here") }
        return mapping.map { ($0.key.scalar?.string ?? "?", SettingsNode($0.value, file)) }
    }

    /// The member of a name.
    subscript(key: String) -> SettingsNode? {
        node.mapping?.first { $0.key.scalar?.string == key }.map { SettingsNode($0.value, file) }
    }

    /// Throws for a member that is none of some; what is misspelt would otherwise be passed over.
    func check(keys known: [String]) throws {
        guard let mapping = node.mapping else { throw wrong("names with values are expected here") }
        for (key, _) in mapping where !known.contains(key.scalar?.string ?? "") {
            throw SettingsNode(key, file).wrong(
                "there is no setting '\(Names.printable(key.scalar?.string ?? "?"))' here; there are \(known.joined(separator: ", "))"
            )
        }
    }

    /// A single value.
    func text() throws -> String {
        guard let text = node.scalar?.string, !text.isEmpty else { throw wrong("a single value is expected here") }
        return text
    }

    /// A list, or a single value as a list of one.
    func list() throws -> [String] {
        guard let sequence = node.sequence else { return [try text()] }
        return try sequence.map { try SettingsNode($0, file).text() }
    }

    /// A value that something else reads; what is wrong with it is said with the line.
    func reading<T>(_ body: (String) throws -> T) throws -> T {
        do {
            return try body(try text())
        } catch let error as any ReportableError where error.exitCode == .usage {
            throw wrong(error.message)
        }
    }
}
