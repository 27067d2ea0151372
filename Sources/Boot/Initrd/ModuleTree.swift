import Archives
import DevboxCore
import Disks

/// The modules of an installed kernel as depmod(8) lists them in modules.dep.
struct ModuleTree {
    /// modules.dep: "PATH: PATH PATH…" a line, some four thousand of them, of which an initrd needs a dozen.
    private let text: [UInt8]
    /// Where the line of a module is, by its name with `_` for `-`.
    private var lines: [ArraySlice<UInt8>: Range<Int>] = [:]
    private let folder: String

    /// The largest modules.dep that is read, and the largest module.
    private static let limit = 64 << 20

    /// Reads the list of a version; nil where the kernel has no modules.
    init?(_ version: String, on root: borrowing Ext4FileSystem) throws {
        folder = "/lib/modules/\(version)"
        guard let number = try root.find("\(folder)/modules.dep"), try root.attributes(of: number).isRegular else {
            return nil
        }
        text = try root.contents(of: number, limit: Self.limit)
        var start = 0
        while start < text.count {
            let end = text[start...].firstIndex(of: UInt8(ascii: "\n")) ?? text.count
            let colon = text[start..<end].firstIndex(of: UInt8(ascii: ":")) ?? end
            let slash = text[start..<colon].lastIndex(of: UInt8(ascii: "/")) ?? start
            let name = text[min(slash + 1, colon)..<colon].prefix { $0 != UInt8(ascii: ".") }
            lines[name.contains(UInt8(ascii: "-")) ? Self.underscored(name) : name] = start..<end
            start = end + 1
        }
    }

    private static func underscored(_ name: some Sequence<UInt8>) -> ArraySlice<UInt8> {
        name.map { $0 == UInt8(ascii: "-") ? UInt8(ascii: "_") : $0 }[...]
    }

    /// A module's path and what it needs, by its name; nil where it is built in, or leads elsewhere.
    private func entry(_ name: String) -> (path: String, needs: [String])? {
        guard let line = lines[Self.underscored(name.utf8)] else { return nil }
        let parts = String(decoding: text[line], as: UTF8.self).split(separator: ":", maxSplits: 1)
        guard let path = parts.first.map(String.init), Self.isInside(path) else { return nil }
        let needs = parts.count > 1 ? parts[1].split(separator: " ").map(String.init).filter(Self.isInside) : []
        return (path, needs)
    }

    /// The paths of the modules of these names and of all they need, in the order in which they load. What is not there is built in.
    func closure(_ names: [String]) -> [String] {
        var result: [String] = []
        var seen: Set<String> = []
        func add(_ name: String) {
            guard let (path, needs) = entry(name), seen.insert(path).inserted else { return }
            for needed in needs { add(Self.name(of: needed)) }
            result.append(path)
        }
        for name in names { add(name) }
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
