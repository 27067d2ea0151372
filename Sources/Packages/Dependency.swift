/// One requirement of a Depends field: that one of some packages is there. See deb-control(5) and Debian Policy, 7.1.
public struct Dependency: Sendable, Equatable, CustomStringConvertible {
    /// The packages of which one will do, in order.
    public let alternatives: [Relation]

    /// - Parameter alternatives: the packages of which one will do.
    public init(alternatives: [Relation]) { self.alternatives = alternatives }

    /// As a control file has it: "a (>= 1) | b".
    public var description: String { alternatives.map(\.description).joined(separator: " | ") }

    /// Reads the value of a field such as Depends, Conflicts or Provides; nil where it is none.
    public static func parse(_ field: String) -> [Dependency]? {
        var result: [Dependency] = []
        for part in field.split(separator: ",", omittingEmptySubsequences: true) {
            // dpkg takes a comma at the end too.
            if part.allSatisfy(\.isWhitespace) { continue }
            let relations = part.split(separator: "|", omittingEmptySubsequences: false).map { Relation($0) }
            let known = relations.compactMap { $0 }
            guard known.count == relations.count else { return nil }
            result.append(Dependency(alternatives: known))
        }
        return result
    }
}

/// A package that is named in a relation to another, with what is required of it.
public struct Relation: Sendable, Equatable, CustomStringConvertible {
    /// How a version has to compare.
    public enum Comparison: String, Sendable {
        case earlier = "<<"
        case earlierOrEqual = "<="
        case equal = "="
        case laterOrEqual = ">="
        case later = ">>"
    }

    /// The package, real or virtual.
    public let name: String
    /// What follows its colon: "any", or an architecture.
    public let qualifier: String?
    /// How its version has to compare with `version`; nil where any will do.
    public let comparison: Comparison?
    /// What its version is compared with.
    public let version: DebianVersion?
    /// The architectures for which the relation holds, or with "!" those for which it does not; empty for all.
    public let architectures: [String]
    /// The build profiles, as they are written; they matter to source packages only.
    public let profiles: String?

    /// As a control file has it.
    public var description: String {
        var text = name + (qualifier.map { ":\($0)" } ?? "")
        if let comparison, let version { text += " (\(comparison.rawValue) \(version))" }
        if !architectures.isEmpty { text += " [\(architectures.joined(separator: " "))]" }
        return text + (profiles.map { " \($0)" } ?? "")
    }

    /// A version that is installed or provided, compared as the relation asks; nil is no version at all.
    public func accepts(_ other: DebianVersion?) -> Bool {
        guard let comparison, let version else { return true }
        guard let other else { return false }
        return switch comparison {
        case .earlier: other < version
        case .earlierOrEqual: other <= version
        case .equal: other == version
        case .laterOrEqual: other >= version
        case .later: other > version
        }
    }

    /// Whether the relation holds on an architecture, by its list of them.
    public func concerns(_ architecture: String) -> Bool {
        guard let first = architectures.first else { return true }
        return first.hasPrefix("!")
            ? !architectures.contains("!\(architecture)") : architectures.contains(architecture)
    }

    /// Reads one relation: "a:any (>= 1) [amd64] <!nocheck>"; nil where it is none.
    public init?(_ text: some StringProtocol) {
        var rest = Substring(text).drop(while: \.isWhitespace)
        let end = rest.firstIndex { $0.isWhitespace || "([<".contains($0) } ?? rest.endIndex
        let names = rest[..<end].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        guard let name = names.first, PackageName.isValid(name) else { return nil }
        self.name = name
        qualifier = names.count > 1 ? names[1] : nil
        if let qualifier, !PackageName.isArchitecture(qualifier) { return nil }
        rest = rest[end...]
        guard let required = Self.bracketed(&rest, "(", ")"), let listed = Self.bracketed(&rest, "[", "]") else {
            return nil
        }
        if required.isEmpty {
            (comparison, version) = (nil, nil)
        } else {
            let sign = required.prefix { "<>=".contains($0) }
            // Alone they meant "or equal" once, and dpkg still takes them so.
            let signs = ["<": "<=", ">": ">=", "": "="]
            guard let comparison = Comparison(rawValue: signs[String(sign)] ?? String(sign)),
                let version = DebianVersion(Self.trim(required.dropFirst(sign.count)))
            else { return nil }
            (self.comparison, self.version) = (comparison, version)
        }
        architectures = listed.split(whereSeparator: \.isWhitespace).map(String.init)
        let trimmed = Self.trim(rest)
        guard trimmed.isEmpty || trimmed.hasPrefix("<") && trimmed.hasSuffix(">") else { return nil }
        profiles = trimmed.isEmpty ? nil : String(trimmed)
    }

    /// What stands between two brackets at the beginning, taken away; empty where there are none, nil where one is missing.
    private static func bracketed(_ text: inout Substring, _ open: Character, _ close: Character) -> Substring? {
        text = text.drop(while: \.isWhitespace)
        guard text.first == open else { return "" }
        guard let end = text.firstIndex(of: close) else { return nil }
        let inner = trim(text[text.index(after: text.startIndex)..<end])
        text = text[text.index(after: end)...]
        return inner.isEmpty ? nil : inner
    }

    private static func trim(_ text: Substring) -> Substring {
        var text = text.drop(while: \.isWhitespace)
        while text.last?.isWhitespace == true { text.removeLast() }
        return text
    }
}

/// What dpkg takes as names.
enum PackageName {
    static func isValid(_ name: some StringProtocol) -> Bool {
        guard let first = name.utf8.first, isAlphanumeric(first), name.utf8.count <= 255 else { return false }
        return name.utf8.allSatisfy { isAlphanumeric($0) || "-+._".utf8.contains($0) }
    }

    static func isArchitecture(_ name: some StringProtocol) -> Bool {
        guard let first = name.utf8.first, isAlphanumeric(first), name.utf8.count <= 255 else { return false }
        return name.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "0")...UInt8(ascii: "9"):
            true
        default: false
        }
    }
}
