import Boot
import Disks
import Packages

/// What of kernels a package holds, by the list of its files that dpkg keeps in var/lib/dpkg/info.
package struct KernelHolding: Equatable {
    /// The versions of the kernels whose boot file it holds.
    package private(set) var images: Set<String> = []
    /// The versions of the kernels of which it holds modules, or what else lies beside them.
    package private(set) var modules: Set<String> = []
    /// The versions of which it holds symbols, or headers: links to these lie beside the modules. They are no part of the kernel.
    package private(set) var companions: Set<String> = []

    /// Of a list: a path a line, with the slash that it begins with.
    ///
    /// - Parameter isSymbols: whether the vmlinux of a version in /boot is none that boots: `BootFiles.isSymbols`.
    package init(_ list: some Collection<UInt8>, isSymbols: (String) throws -> Bool) rethrows {
        for line in list.split(separator: UInt8(ascii: "\n")) where Self.mayCount(line) {
            let path = String(decoding: line, as: UTF8.self)
            if let version = KernelFacts.imageVersion(path) {
                guard BootFiles.isVersion(version) else { continue }
                let boots = try path.hasPrefix("/boot/vmlinuz-") || !isSymbols(version)
                if boots { images.insert(version) } else { companions.insert(version) }
            } else if let (version, name) = Self.module(path) {
                if name == "build" || name == "source" { companions.insert(version) } else { modules.insert(version) }
            } else if path.hasPrefix(Self.debug) {
                let below = String(path.dropFirst(Self.debug.count - 1))
                if let version = KernelFacts.imageVersion(below) ?? Self.module(below)?.version {
                    companions.insert(version)
                }
            }
        }
    }

    /// Whether it holds nothing of any kernel.
    package var isEmpty: Bool { images.isEmpty && modules.isEmpty && companions.isEmpty }

    /// Whether it has to do with a kernel: as its boot file or its modules, its headers or its symbols.
    package func concerns(_ version: String) -> Bool {
        images.contains(version) || modules.contains(version) || companions.contains(version)
    }

    /// The lists of a guest have a million lines, of which some hundred are looked at.
    private static func mayCount(_ line: some Collection<UInt8>) -> Bool {
        line.starts(with: "/boot/vmlinu".utf8) || line.starts(with: "/lib/modules/".utf8)
            || line.starts(with: "/usr/lib/modules/".utf8) || line.starts(with: debug.utf8)
    }

    /// Where symbols lie, at the paths of what they belong to.
    private static let debug = "/usr/lib/debug/"

    /// The version and the name of what is directly below it, of a path below lib/modules/VERSION.
    private static func module(_ path: String) -> (version: String, name: Substring)? {
        let parts = path.split(separator: "/")
        let whole = parts.first == "usr" ? parts.dropFirst() : parts[...]
        let below = whole.dropFirst(2)
        guard whole.starts(with: ["lib", "modules"]), let version = below.first, let name = below.dropFirst().first
        else { return nil }
        return (String(version), name)
    }
}
