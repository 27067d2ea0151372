import Boot
import DevboxCore
import Disks

/// Which packages of a guest hold which kernels. What a package is called says nothing: its files do.
struct KernelPackages {
    /// What each package that holds something of a kernel holds, by its name as dpkg writes it: "name" or "name:architecture".
    private(set) var holdings: [String: KernelHolding] = [:]

    private static let folder = "/var/lib/dpkg/info"
    /// No list of files is larger, in bytes.
    private static let limit = 64 << 20

    /// Those of a disk; none where it has no dpkg.
    init(on root: borrowing Ext4FileSystem) throws {
        guard let folder = try root.find(Self.folder), try root.attributes(of: folder).isDirectory else { return }
        for entry in try root.entries(in: folder, limit: 1 << 20) where entry.name.hasSuffix(".list") {
            guard try root.attributes(of: entry.inode).isRegular else { continue }
            let list = try root.contents(of: entry.inode, limit: Self.limit)
            let holding = try KernelHolding(list) { try BootFiles.isSymbols($0, on: root) }
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
        var names: [String] = []
        for (name, holding) in holdings.sorted(by: { $0.key < $1.key }) {
            let staying = others.filter { holding.images.contains($0) || holding.modules.contains($0) }
            if let version = versions.first(where: holding.images.contains) {
                guard staying.isEmpty else {
                    throw Failure(
                        .failure,
                        "the package \(Names.printable(name)) holds the kernel \(version), and something of \(staying.joined(separator: ", ")) too",
                        hint: "`dpkg --purge \(Names.printable(name))` in the guest removes all of it")
                }
                names.append(name)
            } else if versions.contains(where: holding.modules.contains), staying.isEmpty {
                names.append(name)
            }
        }
        return names
    }

    /// A package's name without its architecture.
    static func bareName(_ name: String) -> String { String(name.prefix { $0 != ":" }) }
}
