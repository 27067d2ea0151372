import DevboxCore
import Disks
import SystemPackage

/// The kernels in a disk's /boot, and the copies of them that a virtual machine starts from.
public enum BootFiles {
    /// An installed kernel as it lies on the disk.
    struct Installed {
        let version: String
        let vmlinuz: InodeNumber
        let initrd: InodeNumber?
        let stamp: String
    }

    /// The kernels in /boot, newest first. Debian calls them vmlinuz-VERSION or, on ppc64el, vmlinux-VERSION.
    static func installed(on root: borrowing Ext4FileSystem) throws -> [Installed] {
        guard let boot = try root.find("/boot"), try root.attributes(of: boot).isDirectory else { return [] }
        var kernels: [Installed] = []
        for name in try root.names(in: boot) {
            guard let prefix = ["vmlinuz-", "vmlinux-"].first(where: name.hasPrefix) else { continue }
            let version = String(name.dropFirst(prefix.count))
            guard isVersion(version), let vmlinuz = try root.lookUp(name, in: boot) else { continue }
            let attributes = try root.attributes(of: vmlinuz)
            guard attributes.isRegular else { continue }
            var stamp = "\(attributes.size)@\(attributes.modified)"
            var initrd: InodeNumber?
            if let found = try root.lookUp("initrd.img-\(version)", in: boot) {
                let attributes = try root.attributes(of: found)
                if attributes.isRegular {
                    initrd = found
                    stamp += "+\(attributes.size)@\(attributes.modified)"
                }
            }
            kernels.append(Installed(version: version, vmlinuz: vmlinuz, initrd: initrd, stamp: stamp))
        }
        return kernels.sorted { VersionOrder.isNewer($0.version, than: $1.version) }
    }

    /// Brings the copies in `directory` up to what is on the disk. Nothing is removed or overwritten: files have new names.
    ///
    /// - Parameter known: the copies that there are.
    /// - Returns: the kernels that the disk has now, newest first.
    public static func refresh(
        _ known: [BootKernel], from root: borrowing Ext4FileSystem, to directory: FilePath
    ) throws -> [BootKernel] {
        var result: [BootKernel] = []
        for kernel in try installed(on: root) {
            if let same = known.first(where: { $0.version == kernel.version && $0.stamp == kernel.stamp }) {
                result.append(same)
                continue
            }
            let suffix = "\(kernel.version)-\(fingerprint(kernel.stamp))"
            let vmlinuz = "vmlinuz-\(suffix)"
            try replace(kernel.vmlinuz, on: root, at: directory.appending(vmlinuz))
            var initrd: String?
            if let number = kernel.initrd {
                let name = "initrd.img-\(suffix)"
                try replace(number, on: root, at: directory.appending(name))
                initrd = name
            }
            result.append(BootKernel(version: kernel.version, vmlinuz: vmlinuz, initrd: initrd, stamp: kernel.stamp))
        }
        return result
    }

    private static func replace(_ number: InodeNumber, on root: borrowing Ext4FileSystem, at path: FilePath) throws {
        try Files.remove(path)
        try root.copy(number, to: path, permissions: FilePermissions(rawValue: 0o644))
    }

    /// A kernel's version becomes part of a file's name on the host, so only what one is made of may stand in it.
    static func isVersion(_ text: String) -> Bool {
        let letters = text.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "/") && byte != UInt8(ascii: "'")
                && byte != UInt8(ascii: "\"")
        }
        return letters && text.first?.isNumber == true && text.utf8.count <= 128 && !text.hasSuffix(".old")
            && !text.hasSuffix(".dpkg-new")
    }

    /// FNV-1a: tells one build of a version from the next in a file's name.
    private static func fingerprint(_ text: String) -> String {
        let hash = text.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return String(hash, radix: 16)
    }
}

/// The order of kernel versions: runs of digits count as numbers, as in `sort -V`.
public enum VersionOrder {
    /// Whether `left` is newer than `right`.
    public static func isNewer(_ left: String, than right: String) -> Bool {
        let (a, b) = (parts(left), parts(right))
        for (x, y) in zip(a, b) where x != y {
            switch (Int(x), Int(y)) {
            case (let x?, let y?): return x > y
            case (nil, _?): return false
            case (_?, nil): return true
            default: return x > y
            }
        }
        return a.count > b.count
    }

    private static func parts(_ text: String) -> [String] {
        var result: [String] = []
        for character in text where character.isASCII {
            if let last = result.last?.last, last.isNumber == character.isNumber {
                result[result.count - 1].append(character)
            } else {
                result.append(String(character))
            }
        }
        return result
    }
}
