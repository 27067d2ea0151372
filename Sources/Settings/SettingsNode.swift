import DevboxCore
import Yams

/// A value of devbox.yaml that knows its line, so that what is wrong with it can be said there.
public struct SettingsNode {
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
        case .duplicatedKeysInMapping(let keys, let context):
            keys.sorted().map { "'\(Names.printable($0))'" }.joined(separator: ", ")
                + " is there twice, in what begins in line \(context.mark.line)"
        default: "it is not YAML"
        }
    }

    /// An error in this place: `badInput`, with the file and the line.
    ///
    /// - Parameters:
    ///   - reason: what is wrong with it.
    ///   - hint: what to do; without it, where to look.
    public func wrong(_ reason: String, hint: String? = nil) -> Failure {
        Failure(
            .badInput, "\(file), line \(node.mark?.line ?? 1): \(reason)",
            hint: hint ?? "`devbox templates devbox.yaml` prints all settings, with comments")
    }

    /// The members of a mapping, in their order.
    ///
    /// - Throws: `badInput` where it is something else.
    public func members() throws -> [(key: String, value: SettingsNode)] {
        if node.scalar?.string.isEmpty == true { return [] }
        return try mapping().map { ($0.key.scalar?.string ?? "?", SettingsNode($0.value, file)) }
    }

    /// The member of a name; nil where there is none.
    public subscript(key: String) -> SettingsNode? {
        node.mapping?.first { $0.key.scalar?.string == key }.map { SettingsNode($0.value, file) }
    }

    /// Throws `badInput` for a member that is none of some, with the one that was probably meant; it would otherwise be passed over.
    ///
    /// - Parameters:
    ///   - known: what there may be.
    ///   - noun: what each is called.
    public func check(keys known: [String], noun: String = "setting") throws {
        for (key, _) in try mapping() where !known.contains(key.scalar?.string ?? "") {
            let name = key.scalar?.string ?? "?"
            throw SettingsNode(key, file).wrong(
                "there is no \(noun) '\(Names.printable(name))' here, only \(known.joined(separator: ", "))",
                hint: Names.nearest(to: name, among: known).map { "`\($0)`?" })
        }
    }

    /// A single value.
    ///
    /// - Throws: `badInput` where it is none, or empty.
    public func text() throws -> String {
        guard let text = node.scalar?.string, !text.isEmpty else { throw wrong("a single value is expected here") }
        return text
    }

    /// A list, or a single value as a list of one.
    ///
    /// - Throws: `badInput` where it is neither.
    public func list() throws -> [String] {
        guard let sequence = node.sequence else { return [try text()] }
        return try sequence.map { try SettingsNode($0, file).text() }
    }

    /// A value that something else reads; what that says is wrong with it is said with the line.
    ///
    /// - Parameter body: throws `usage` for what it cannot read.
    public func reading<T>(_ body: (String) throws -> T) throws -> T {
        do {
            return try body(try text())
        } catch let error as any ReportableError where error.exitCode == .usage {
            throw wrong(error.message)
        }
    }

    private func mapping() throws -> Node.Mapping {
        guard let mapping = node.mapping else { throw wrong("names with values are expected here") }
        return mapping
    }
}
