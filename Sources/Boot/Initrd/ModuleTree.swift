import Archives
import DevboxCore
import Disks

/// The modules of an installed kernel as depmod(8) lists them in modules.dep.
struct ModuleTree {
    /// A module's path below the version's folder, by its name with `_` for `-`.
    private var paths: [String: String] = [:]
    /// What a module needs, by path.
    private var needs: [String: [String]] = [:]
    private let folder: String

    /// The largest modules.dep that is read, and the largest module.
    private static let limit = 64 << 20

    /// Reads the list of a version; nil where the kernel has no modules.
    init?(_ version: String, on root: borrowing Ext4FileSystem) throws {
        folder = "/lib/modules/\(version)"
        guard let text = try root.text("\(folder)/modules.dep", limit: Self.limit) else { return nil }
        for line in text.split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            guard let path = parts.first.map(String.init), Self.isInside(path) else { continue }
            paths[Self.name(of: path)] = path
            needs[path] = parts.count > 1 ? parts[1].split(separator: " ").map(String.init).filter(Self.isInside) : []
        }
    }

    /// The paths of the modules of these names and of all they need, in the order in which they load. What is not there is built in.
    func closure(_ names: [String]) -> [String] {
        var result: [String] = []
        var seen: Set<String> = []
        func add(_ path: String) {
            guard seen.insert(path).inserted else { return }
            for needed in needs[path] ?? [] { add(needed) }
            result.append(path)
        }
        for name in names {
            if let path = paths[name.replacing("-", with: "_")] { add(path) }
        }
        return result
    }

    /// A module's content, decompressed.
    func content(_ path: String, on root: borrowing Ext4FileSystem) throws -> [UInt8] {
        let file = "\(folder)/\(path)"
        guard let number = try root.find(file), try root.attributes(of: number).isRegular else {
            throw Failure(.badInput, "the module \(Names.printable(file)) is listed in modules.dep, but not there")
        }
        return try Decompression.decode(
            root.contents(of: number, limit: Self.limit), name: Names.printable(file), limit: Self.limit)
    }

    /// "ext4" for "kernel/fs/ext4/ext4.ko.xz".
    static func name(of path: String) -> String {
        let file = path.split(separator: "/").last ?? ""
        return String(file.prefix { $0 != "." }).replacing("-", with: "_")
    }

    /// depmod writes no path that leads elsewhere; whoever prepared the disk may have.
    private static func isInside(_ path: String) -> Bool {
        !path.hasPrefix("/") && !path.split(separator: "/").contains("..")
    }
}
