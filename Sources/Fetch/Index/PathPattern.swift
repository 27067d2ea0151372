import DevboxCore

/// The shape of a source, such as `{root}/{date}/{arch}/{package}/`: the levels below its root in any order.
///
/// The last level is a folder of files where the pattern ends with `/`, else the file itself.
public struct PathPattern: Sendable, Equatable {
    /// What a level's name may say.
    public enum Variable: String, Sendable, CaseIterable {
        case package, arch, date, version, suite, format
        case kernel = "kernel-version"
    }

    /// One level: a folder's name or the file's.
    public struct Level: Sendable, Equatable {
        enum Part: Sendable, Equatable {
            case text(String)
            case variable(Variable)
            case anything
        }
        let parts: [Part]
    }

    /// From the root downwards.
    public let levels: [Level]
    /// Whether the last level is a folder with the files in it.
    public let endsWithFolder: Bool

    /// Reads a pattern.
    ///
    /// - Throws: a usage error that names what is wrong in it.
    public init(_ text: String) throws {
        func refuse(_ reason: String) -> Failure {
            Failure(
                .usage, "the pattern '\(Names.printable(text))' \(reason)",
                hint: "as in {root}/{date}/{arch}/{package}/; variables: root, "
                    + Variable.allCases.map(\.rawValue).joined(separator: ", "))
        }
        var rest = text[...]
        guard rest.hasPrefix("{root}/") else { throw refuse("does not begin with {root}/") }
        rest = rest.dropFirst("{root}/".count)
        endsWithFolder = rest.hasSuffix("/") || rest.isEmpty
        levels = try rest.split(separator: "/").map { level in
            guard let parts = Self.parts(level) else {
                throw refuse("has a level that cannot be read: '\(Names.printable(level))'")
            }
            return Level(parts: parts)
        }
    }

    private static func parts(_ level: Substring) -> [Level.Part]? {
        var result: [Level.Part] = []
        var text = ""
        var rest = level
        func finish() {
            if !text.isEmpty { result.append(.text(text)) }
            text = ""
        }
        while let character = rest.popFirst() {
            switch character {
            case "{":
                finish()
                guard let end = rest.firstIndex(of: "}"), let variable = Variable(rawValue: String(rest[..<end])) else {
                    return nil
                }
                result.append(.variable(variable))
                rest = rest[rest.index(after: end)...]
            case "*":
                finish()
                result.append(.anything)
            case "}": return nil
            default: text.append(character)
            }
        }
        finish()
        guard level != ".", level != ".." else { return nil }
        return result
    }

    /// Whether a level of it tells something.
    public func has(_ variable: Variable) -> Bool {
        levels.contains { $0.parts.contains(.variable(variable)) }
    }
}

/// What the variables of a pattern stand for on one way through a tree.
public struct Bindings: Sendable, Equatable {
    /// The values as they are written in names. A variable can have several where it is not yet known which one the source uses.
    var values: [PathPattern.Variable: [String]] = [:]
    /// The day that the date's level names.
    var day: CalendarDay?

    func first(_ variable: PathPattern.Variable) -> String? { values[variable]?.first }
}

extension PathPattern.Level {
    /// The names that it can have where all of its variables are known; nil where one is not.
    func names(_ bindings: Bindings) -> [(name: String, bindings: Bindings)]? {
        var result = [("", bindings)]
        for part in parts {
            switch part {
            case .anything: return nil
            case .text(let text): result = result.map { ($0.0 + text, $0.1) }
            case .variable(let variable):
                guard let values = bindings.values[variable], !values.isEmpty else { return nil }
                result = result.flatMap { name, bound in
                    // The same variable twice in a name has the same value twice.
                    (bound.values[variable] ?? values).map { value in
                        var bound = bound
                        bound.values[variable] = [value]
                        return (name + value, bound)
                    }
                }
            }
        }
        return result.map { (name: $0.0, bindings: $0.1) }
    }

    /// What its variables are in a name; nil where the name does not fit.
    func match(_ name: String, _ bindings: Bindings) -> Bindings? {
        Self.match(name[...], parts[...], bindings)
    }

    private static func match(_ text: Substring, _ parts: ArraySlice<Part>, _ bindings: Bindings) -> Bindings? {
        guard let part = parts.first else { return text.isEmpty ? bindings : nil }
        let rest = parts.dropFirst()
        switch part {
        case .text(let wanted):
            return text.hasPrefix(wanted) ? match(text.dropFirst(wanted.count), rest, bindings) : nil
        case .anything:
            for count in (0...text.count).reversed() {
                if let found = match(text.dropFirst(count), rest, bindings) { return found }
            }
            return nil
        case .variable(let variable):
            if let known = bindings.values[variable] {
                for value in known where text.hasPrefix(value) {
                    var bound = bindings
                    bound.values[variable] = [value]
                    if let found = match(text.dropFirst(value.count), rest, bound) { return found }
                }
                return nil
            }
            guard !text.isEmpty else { return nil }
            // The last part takes all that is left: most levels are nothing but one variable.
            for count in rest.isEmpty ? [text.count] : Array((1...text.count).reversed()) {
                let value = text.prefix(count)
                guard let bound = bind(variable, to: value, bindings) else { continue }
                if let found = match(text.dropFirst(count), rest, bound) { return found }
            }
            return nil
        }
    }

    private static func bind(_ variable: PathPattern.Variable, to value: Substring, _ bindings: Bindings) -> Bindings? {
        var bound = bindings
        switch variable {
        case .date:
            guard let day = CalendarDay(value) else { return nil }
            bound.day = day
        case .version, .kernel: guard FileName.isVersion(value) else { return nil }
        case .format: guard PackageFormat(rawValue: String(value)) != nil else { return nil }
        case .arch: guard Architecture(alias: value) != nil else { return nil }
        case .package, .suite: break
        }
        bound.values[variable] = [String(value)]
        return bound
    }
}
