import DevboxCore
import SystemPackage

/// A package that is installed, or about to be, as far as others depend on it.
public struct InstalledPackage: Sendable, Equatable {
    /// The package's name.
    public let name: String
    /// Its version.
    public let version: DebianVersion
    /// Debian's name of its architecture, or "all".
    public let architecture: String
    /// "same", "foreign", "allowed"; nil for "no".
    public let multiArch: String?
    /// The virtual packages that it stands for.
    public let provides: [Relation]
    /// What may not be installed beside it.
    public let conflicts: [Relation]
    /// What does not work beside it.
    public let breaks: [Relation]

    /// What a stanza of dpkg's status file says, or of a control file; nil where it names no package, version or architecture.
    public init?(_ stanza: ControlStanza) {
        guard let name = stanza["Package"], let architecture = stanza["Architecture"],
            let version = stanza["Version"].flatMap({ DebianVersion($0) })
        else { return nil }
        func relations(_ field: String) -> [Relation] {
            (stanza.folded(field).flatMap { Dependency.parse($0) } ?? []).compactMap(\.alternatives.first)
        }
        self.name = name
        self.version = version
        self.architecture = architecture
        multiArch = stanza["Multi-Arch"]
        provides = relations("Provides")
        conflicts = relations("Conflicts")
        breaks = relations("Breaks")
    }
}

/// The packages that a guest has.
public struct PackageSet: Sendable {
    /// The architecture that packages without one of their own ("all") count for.
    public let architecture: String
    /// What is installed.
    public private(set) var packages: [InstalledPackage]
    private var byName: [String: [Int]] = [:]
    private var byProvided: [String: [(package: Int, relation: Relation)]] = [:]

    /// - Parameters:
    ///   - packages: what is installed.
    ///   - architecture: the guest's, by Debian's name.
    public init(_ packages: [InstalledPackage], architecture: String) {
        self.architecture = architecture
        self.packages = []
        for package in packages { insert(package) }
    }

    /// The packages that a dpkg status file says are installed; those of which only the configuration is left are not.
    ///
    /// - Parameters:
    ///   - text: the file `var/lib/dpkg/status`.
    ///   - name: what messages call it.
    ///   - architecture: the guest's, by Debian's name; without it that of the package dpkg.
    /// - Throws: `badInput`, where the text cannot be read.
    public init(dpkgStatus text: [UInt8], name: String, architecture: String? = nil) throws {
        var packages: [InstalledPackage] = []
        var reader = ControlReader(name: name)
        func take(_ stanza: ControlStanza) {
            // dpkg counts these as configured (dpkg(1), "Package states").
            let state = stanza["Status"]?.split(separator: " ").last
            guard let state, ["installed", "triggers-pending", "triggers-awaited"].contains(state) else { return }
            if let package = InstalledPackage(stanza) { packages.append(package) }
        }
        try text.withUnsafeBytes { try reader.feed($0, take) }
        try reader.finish(take)
        let own = packages.first { $0.name == "dpkg" }?.architecture
        self.init(packages, architecture: architecture ?? own ?? "amd64")
    }

    /// The packages of a name, of any architecture.
    public func installed(_ name: String) -> [InstalledPackage] { (byName[name] ?? []).map { packages[$0] } }

    /// What stands against installing some packages together: what they depend on and is missing, and what they may not be beside.
    public func unmet(_ wanted: [DebPackage]) -> [UnmetDependency] {
        let after = adding(wanted.compactMap { InstalledPackage($0.control) })
        var result: [UnmetDependency] = []
        for package in wanted {
            let own = package.architecture == "all" ? architecture : package.architecture
            for dependency in package.preDepends + package.depends {
                let concerned = dependency.alternatives.filter { $0.concerns(architecture) }
                if concerned.isEmpty || concerned.contains(where: { after.satisfies($0, for: own) }) { continue }
                result.append(UnmetDependency(package.name, .depends, dependency, after.have(concerned)))
            }
            // Where it replaces what it conflicts with, dpkg removes that (Debian Policy, 7.6.2).
            let replaced = Set(package.replaces.compactMap(\.alternatives.first?.name))
            for (kind, list) in [(UnmetDependency.Kind.conflicts, package.conflicts), (.breaks, package.breaks)] {
                for dependency in list {
                    guard let relation = dependency.alternatives.first, relation.concerns(architecture) else {
                        continue
                    }
                    for other in after.matching(relation, exceptOf: package.name) {
                        let isRemoved =
                            kind == .conflicts && replaced.contains(relation.name)
                            && !wanted.contains { $0.name == other.name }
                        if !isRemoved { result.append(UnmetDependency(package.name, kind, dependency, [other])) }
                    }
                }
            }
        }
        return result + after.objections(to: wanted)
    }

    /// What installed packages have against those that are to come.
    private func objections(to wanted: [DebPackage]) -> [UnmetDependency] {
        let coming = Set(wanted.map(\.name))
        return packages.filter { !coming.contains($0.name) }.flatMap { package in
            [(UnmetDependency.Kind.conflicts, package.conflicts), (.breaks, package.breaks)].flatMap {
                kind, relations in
                relations.filter { $0.concerns(architecture) }.flatMap { relation in
                    matching(relation, exceptOf: package.name).filter { coming.contains($0.name) }.map {
                        UnmetDependency(package.name, kind, Dependency(alternatives: [relation]), [$0])
                    }
                }
            }
        }
    }

    /// The set as it is when some packages have been installed too, in place of those of the same name and architecture.
    public func adding(_ others: [InstalledPackage]) -> PackageSet {
        // Of one name there can be several architectures only where both are "same".
        let kept = packages.filter { old in
            !others.contains { new in
                new.name == old.name
                    && (effective(new) == effective(old) || new.multiArch != "same" || old.multiArch != "same")
            }
        }
        return PackageSet(kept + others, architecture: architecture)
    }

    private func effective(_ package: InstalledPackage) -> String {
        package.architecture == "all" ? architecture : package.architecture
    }

    private mutating func insert(_ package: InstalledPackage) {
        byName[package.name, default: []].append(packages.count)
        for relation in package.provides { byProvided[relation.name, default: []].append((packages.count, relation)) }
        packages.append(package)
    }

    /// As dpkg decides it: by the real packages of the name, and by those that provide it.
    func satisfies(_ relation: Relation, for architecture: String) -> Bool {
        func isOfUse(_ package: InstalledPackage) -> Bool {
            switch relation.qualifier {
            case nil: package.multiArch == "foreign" || effective(package) == architecture
            case "any":
                package.multiArch == "allowed" || package.multiArch == "foreign" || effective(package) == architecture
            case .some(let asked):
                effective(package) == (asked == "native" ? self.architecture : asked)
            }
        }
        if installed(relation.name).contains(where: { isOfUse($0) && relation.accepts($0.version) }) { return true }
        return (byProvided[relation.name] ?? []).contains { index, provided in
            isOfUse(packages[index]) && relation.accepts(provided.version)
        }
    }

    /// The packages that a conflict is about: real ones, and those that provide the name, but none of the package's own name.
    private func matching(_ relation: Relation, exceptOf name: String) -> [InstalledPackage] {
        let real = installed(relation.name).filter { relation.accepts($0.version) }
        let providing = (byProvided[relation.name] ?? []).filter { relation.accepts($0.relation.version) }
            .map { packages[$0.package] }
        return (real + providing).filter { $0.name != name }
            .filter { relation.qualifier == nil || relation.qualifier == "any" || effective($0) == relation.qualifier }
    }

    /// What there is of the packages of which one would do.
    private func have(_ relations: [Relation]) -> [InstalledPackage] { relations.flatMap { installed($0.name) } }
}
