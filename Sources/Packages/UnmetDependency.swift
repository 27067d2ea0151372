import DevboxCore

/// Why a package cannot be installed as things are.
public struct UnmetDependency: Sendable, Equatable, CustomStringConvertible {
    /// Which field it is about.
    public enum Kind: String, Sendable {
        case depends
        case conflicts
        case breaks
    }

    /// The package that says so.
    public let package: String
    /// Which field it is about.
    public let kind: Kind
    /// What it requires, or excludes.
    public let dependency: Dependency
    /// What there is of it.
    public let found: [InstalledPackage]

    init(_ package: String, _ kind: Kind, _ dependency: Dependency, _ found: [InstalledPackage]) {
        self.package = package
        self.kind = kind
        self.dependency = dependency
        self.found = found
    }

    /// As in "needs libfoo (>= 2), but libfoo 1.2 is installed", without the package's own name.
    public var description: String {
        let wanted = Names.printable(dependency.description)
        let there = found.map { Names.printable("\($0.name) \($0.version)") }.joined(separator: " and ")
        switch kind {
        case .depends:
            if found.isEmpty {
                return dependency.alternatives.count == 1
                    ? "needs \(wanted), which is not installed" : "needs \(wanted), none of which is installed"
            }
            return "needs \(wanted), but \(there) \(found.count == 1 ? "is" : "are") installed"
        case .conflicts: return "conflicts with \(wanted), and \(there) is there"
        case .breaks: return "breaks \(wanted), and \(there) is there"
        }
    }
}
