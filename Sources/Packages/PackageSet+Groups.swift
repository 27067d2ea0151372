extension PackageSet {
    /// The groups in which dpkg is to take packages that are installed together: each is unpacked and configured before the next.
    ///
    /// What a package names in Pre-Depends has to be configured before the package is unpacked, and dpkg configures nothing of one
    /// run before all of it is unpacked (dpkg(1), --install; Debian Policy, 7.2). So what is needed that way comes in a group of
    /// its own, with all that it needs to be configured. Without such a need, there is one group.
    ///
    /// - Parameter wanted: the packages, of which nothing is unmet.
    /// - Returns: their places in `wanted`, each once. The last group has those of a circle, which dpkg will refuse with its reason.
    public func groups(of wanted: [DebPackage]) -> [[Int]] {
        var groups: [[Int]] = []
        var left = Array(wanted.indices)
        var there = self
        while !left.isEmpty {
            let group = there.installable(left, of: wanted)
            guard !group.isEmpty, group.count < left.count else { break }
            groups.append(group)
            left.removeAll(where: group.contains)
            there = there.adding(group.compactMap { InstalledPackage(wanted[$0].control) })
        }
        return left.isEmpty ? groups : groups + [left]
    }

    /// The packages that one run of dpkg can unpack and configure now: as many as there are.
    private func installable(_ places: [Int], of wanted: [DebPackage]) -> [Int] {
        var group = places.filter { place in wanted[place].preDepends.allSatisfy { isMet($0, for: wanted[place]) } }
        while true {
            let after = adding(group.compactMap { InstalledPackage(wanted[$0].control) })
            let kept = group.filter { place in wanted[place].depends.allSatisfy { after.isMet($0, for: wanted[place]) }
            }
            if kept.count == group.count { return group }
            group = kept
        }
    }

    private func isMet(_ dependency: Dependency, for package: DebPackage) -> Bool {
        let own = package.architecture == "all" ? architecture : package.architecture
        let concerned = dependency.alternatives.filter { $0.concerns(architecture) }
        return concerned.isEmpty || concerned.contains { satisfies($0, for: own) }
    }
}
