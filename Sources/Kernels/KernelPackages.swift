import Boot
import DevboxCore
import Disks
import HostTools
import Installing

/// Which packages of a guest hold which kernels. What a package is called says nothing: its files do.
struct KernelPackages {
    /// What each package that holds something of a kernel holds, by its name as dpkg writes it: "name" or "name:architecture".
    private(set) var holdings: [String: KernelHolding] = [:]

    private static let folder = "/var/lib/dpkg/info"
    /// No list of files is larger, in bytes.
    private static let limit = 64 << 20

    /// Those of a disk; none where it has no dpkg.
    init(on root: borrowing Ext4FileSystem, _ architecture: Architecture) throws {
        guard let folder = try root.find(Self.folder), try root.attributes(of: folder).isDirectory else { return }
        for entry in try root.entries(in: folder, limit: 1 << 20) where entry.name.hasSuffix(".list") {
            guard try root.attributes(of: entry.inode).isRegular else { continue }
            let list = try root.contents(of: entry.inode, limit: Self.limit)
            let holding = try KernelHolding(list) { try BootFiles.isSymbols($0, on: root, architecture) }
            if holding.isEmpty { continue }
            holdings[String(entry.name.dropLast(".list".count))] = holding
        }
    }

    /// The packages that hold a kernel's boot file, or where none does, its modules.
    func owners(of version: String) -> [String] {
        let images = holdings.filter { $0.value.images.contains(version) }.keys.sorted()
        return images.isEmpty ? holdings.filter { $0.value.modules.contains(version) }.keys.sorted() : images
    }

    /// The packages that go when kernels go: those of their boot files and of their modules.
    ///
    /// Modules of one package for several kernels stay with those that stay.
    ///
    /// - Parameters:
    ///   - versions: the kernels that go.
    ///   - others: the kernels that stay.
    /// - Throws: `failure` where a package holds one of both.
    func removed(with versions: [String], keeping others: [String]) throws -> [String] {
        if let entanglement = versions.lazy.compactMap({ self.entanglement(of: $0, with: others) }).first {
            throw Failure(
                .failure, entanglement.words,
                hint:
                    "`dpkg --purge \(Command.quote(Names.printable(entanglement.package)))` in the guest removes all of it"
            )
        }
        return holdings.sorted { $0.key < $1.key }.filter { _, holding in
            versions.contains(where: holding.images.contains)
                || versions.contains(where: holding.modules.contains)
                    && !others.contains { holding.modules.contains($0) || holding.images.contains($0) }
        }.map(\.key)
    }

    /// A package that holds a kernel that is to go, and something of one that is to stay.
    private struct Entanglement {
        let package: String
        let version: String
        let staying: [String]

        var words: String {
            "the package \(Names.printable(package)) holds the kernel \(version), and something of \(staying.joined(separator: ", ")) too"
        }
    }

    private func entanglement(of version: String, with others: [String]) -> Entanglement? {
        for (name, holding) in holdings.sorted(by: { $0.key < $1.key }) where holding.images.contains(version) {
            let staying = others.filter { holding.images.contains($0) || holding.modules.contains($0) }
            if !staying.isEmpty { return Entanglement(package: name, version: version, staying: staying) }
        }
        return nil
    }

    /// Which of some kernels can go with their packages while others stay, and why the rest cannot.
    ///
    /// - Parameters:
    ///   - versions: the kernels that are to go.
    ///   - others: the kernels that stay in any case.
    /// - Returns: those that can, and sentences of those that stay.
    func removable(_ versions: [String], keeping others: [String]) -> (versions: [String], remarks: [String]) {
        var remarks: [String] = []
        // Who has only modules of a kernel does not take its boot file along.
        var left = versions.filter { version in
            let isOwned = holdings.values.contains { $0.images.contains(version) }
            if !isOwned { remarks.append("its kernel \(version) belongs to no package, and stays") }
            return isOwned
        }
        // Each that stays may keep another one.
        while let index = left.firstIndex(where: { version in
            let staying = others + versions.filter { !left.contains($0) }
            guard let entanglement = entanglement(of: version, with: staying) else { return false }
            remarks.append("its kernel \(version) stays: \(entanglement.words)")
            return true
        }) {
            left.remove(at: index)
        }
        return (left, remarks)
    }

    /// A package's name without its architecture.
    static func bareName(_ name: String) -> String { String(name.prefix { $0 != ":" }) }
}
