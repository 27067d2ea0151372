import DevboxCore

/// Which kernels a package holds, by the names of its files.
public struct KernelFacts: Sendable, Equatable {
    /// The versions of kernels that can be booted, from /boot/vmlinuz-VERSION, in the package's order.
    public private(set) var images: [String] = []
    /// The versions of which there is a /boot/vmlinux-VERSION: kernels that can be booted on ppc64el, symbols elsewhere.
    public private(set) var plain: [String] = []
    /// The versions of which there are modules, from /lib/modules/VERSION, below /usr too.
    public private(set) var modules: [String] = []
    /// The versions of which there is a vmlinux with debug information.
    public private(set) var debug: [String] = []

    /// Nothing has been seen yet.
    public init() {}

    /// The versions of kernels that machines of an architecture boot. Beside a vmlinuz, a vmlinux is symbols everywhere.
    public func images(for architecture: Architecture) -> [String] {
        images + (architecture.bootsVmlinux ? plain.filter { !images.contains($0) } : [])
    }

    /// All versions, each once.
    public var versions: [String] {
        (images + plain + modules + debug).reduce(into: []) { if !$0.contains($1) { $0.append($1) } }
    }

    /// Takes the path of a file, without a leading slash.
    public mutating func note(_ path: String) {
        if let version = Self.imageVersion(path) {
            if path.hasPrefix("boot/vmlinuz-") { Self.add(version, to: &images) } else { Self.add(version, to: &plain) }
        }
        if let version = Self.debugVersion(path) { Self.add(version, to: &debug) }
        if let version = Self.moduleVersion(path) { Self.add(version, to: &modules) }
    }

    /// The version of the kernel that a path is the image of, a vmlinuz or a vmlinux; nil where it is none.
    public static func imageVersion(_ path: String) -> String? {
        let parts = path.split(separator: "/")
        guard parts.count == 2, parts[0] == "boot" else { return nil }
        return version(in: parts[1], after: ["vmlinuz-", "vmlinux-"])
    }

    /// The version of the kernel that a path is the vmlinux with debug information of; nil where it is none.
    ///
    /// They are at usr/lib/debug/boot/vmlinux-V (Debian, Ubuntu), and at usr/lib/debug/lib/modules/V/vmlinux (the kernel's own
    /// `make bindeb-pkg`).
    public static func debugVersion(_ path: String) -> String? {
        let parts = path.split(separator: "/")
        guard parts.starts(with: ["usr", "lib", "debug"]) else { return nil }
        let rest = parts.dropFirst(3)
        if rest.count == 2, rest.first == "boot", let last = rest.last { return version(in: last, after: ["vmlinux-"]) }
        guard rest.last == "vmlinux", let version = moduleDirectory(rest), rest.count - version.depth == 1 else {
            return nil
        }
        return version.name
    }

    static func moduleVersion(_ path: String) -> String? {
        let parts = path.split(separator: "/")
        guard let version = moduleDirectory(parts[...]), parts.count > version.depth else { return nil }
        return version.name
    }

    /// The version in lib/modules/V or usr/lib/modules/V, and how many parts that is.
    private static func moduleDirectory(_ parts: ArraySlice<Substring>) -> (name: String, depth: Int)? {
        let below = parts.first == "usr" ? parts.dropFirst() : parts
        guard below.count >= 3, below.starts(with: ["lib", "modules"]), let version = below.dropFirst(2).first else {
            return nil
        }
        return (String(version), parts.count - below.count + 3)
    }

    private static func version(in name: Substring, after prefixes: [String]) -> String? {
        for prefix in prefixes where name.hasPrefix(prefix) && name.count > prefix.count {
            return String(name.dropFirst(prefix.count))
        }
        return nil
    }

    private static func add(_ version: String, to list: inout [String]) {
        // One is what there is; a list that a package can make long must not take time with its square.
        if list.last != version, list.count < 64, !list.contains(version) { list.append(version) }
    }
}
