import DevboxCore
import Disks
import SystemPackage

/// The kernels in a disk's /boot, and the copies of them that a virtual machine starts from.
public enum BootFiles {
    /// An installed kernel as it lies on the disk.
    struct Installed {
        let version: String
        let vmlinuz: InodeNumber
        /// In /boot, where the guest's own tools made one.
        let initrd: InodeNumber?
        /// Changes whenever one of its files does.
        let fingerprint: String
    }

    /// The kernels in /boot, newest first. Debian calls them vmlinuz-VERSION or, on ppc64el, vmlinux-VERSION.
    static func installed(on root: borrowing Ext4FileSystem, _ architecture: Architecture) throws -> [Installed] {
        guard let boot = try root.find("/boot"), try root.attributes(of: boot).isDirectory else { return [] }
        var kernels: [Installed] = []
        let names = try root.names(in: boot)
        for name in names {
            guard let prefix = ["vmlinuz-", "vmlinux-"].first(where: name.hasPrefix) else { continue }
            let version = String(name.dropFirst(prefix.count))
            guard isVersion(version), let (vmlinuz, attributes) = try plainFile(name, in: boot, of: root) else {
                continue
            }
            if try attributes.size == 0 || isAside(version, names, root) { continue }
            if try isAlias(name, of: vmlinuz, in: boot, names, root) { continue }
            if prefix == "vmlinux-", try isSymbols(version, on: root, architecture) { continue }
            var fingerprint = attributes.fingerprint
            var initrd: InodeNumber?
            for name in initrdNames(version) where initrd == nil {
                // A full /boot leaves an empty one.
                guard let (found, attributes) = try plainFile(name, in: boot, of: root), attributes.size > 0 else {
                    continue
                }
                initrd = found
                fingerprint += "+\(attributes.fingerprint)"
            }
            if initrd == nil, let list = try root.find("/lib/modules/\(version)/modules.dep") {
                fingerprint += "~\(try root.attributes(of: list).fingerprint)"
            }
            kernels.append(Installed(version: version, vmlinuz: vmlinuz, initrd: initrd, fingerprint: fingerprint))
        }
        return kernels.sorted { KernelVersion($0.version) > KernelVersion($1.version) }
    }

    /// What the initrd of a version is called: by Debian's tools, update-initramfs(8); by dracut(8); by dracut of SUSE.
    public static func initrdNames(_ version: String) -> [String] {
        ["initrd.img-\(version)", "initramfs-\(version).img", "initrd-\(version)"]
    }

    /// Whether a version is that of another kernel in /boot with something behind it, as of a signature, a digest or a copy that lie
    /// beside it: "6.1.0-9-amd64.sha256". What such files are called has no end.
    private static func isAside(_ version: String, _ names: [String], _ root: borrowing Ext4FileSystem) throws -> Bool {
        guard try root.find("/lib/modules/\(version)") == nil else { return false }
        return names.contains { name in
            guard let prefix = ["vmlinuz-", "vmlinux-"].first(where: name.hasPrefix) else { return false }
            let rest = version.dropFirst(name.count - prefix.count)
            return version.hasPrefix(name.dropFirst(prefix.count)) && rest.first == "."
                && rest.dropFirst().first?.isNumber == false
        }
    }

    /// Whether a name in /boot is a link to a kernel that has a name there already: "vmlinuz-6 -> vmlinuz-6.1.0" is no other kernel.
    private static func isAlias(
        _ name: String, of file: InodeNumber, in folder: InodeNumber, _ names: [String],
        _ root: borrowing Ext4FileSystem
    ) throws -> Bool {
        guard let own = try root.lookUp(name, in: folder), own != file else { return false }
        let target = try root.target(ofLink: own)
        if names.contains(target) { return true }
        for other in names where try root.lookUp(other, in: folder) == file { return true }
        return false
    }

    /// A plain file of /boot. SUSE's kernels lie in /usr/lib/modules, and here are links to them; a link stays inside the disk.
    private static func plainFile(_ name: String, in folder: InodeNumber, of root: borrowing Ext4FileSystem) throws -> (
        InodeNumber, FileAttributes
    )? {
        guard var found = try root.lookUp(name, in: folder) else { return nil }
        if try root.attributes(of: found).isLink {
            guard let target = try root.find("/boot/\(name)") else { return nil }
            found = target
        }
        let attributes = try root.attributes(of: found)
        return attributes.isRegular ? (found, attributes) : nil
    }

    /// Whether a vmlinux of a version in /boot is there for its symbols: where the kernel that boots lies beside it, and, where no
    /// vmlinux boots, without it too. Otherwise it would become a kernel when its vmlinuz is removed.
    public static func isSymbols(
        _ version: String, on root: borrowing Ext4FileSystem, _ architecture: Architecture
    ) throws -> Bool {
        guard architecture.bootsVmlinux else { return true }
        guard let boot = try root.find("/boot"), try root.attributes(of: boot).isDirectory else { return false }
        return try plainFile("vmlinuz-\(version)", in: boot, of: root) != nil
    }

    /// Brings the copies in `directory` up to what is on the disk. Nothing that may be started from is removed or overwritten: files
    /// have new names.
    ///
    /// - Parameters:
    ///   - known: the copies that there are.
    ///   - architecture: of the system on the disk.
    ///   - recipe: of the initrds for kernels that have none in /boot.
    /// - Returns: the kernels that the disk has now, newest first.
    public static func refresh(
        _ known: [BootKernel], from root: borrowing Ext4FileSystem, _ architecture: Architecture,
        to directory: FilePath, recipe: InitrdRecipe
    ) throws -> [BootKernel] {
        var result: [BootKernel] = []
        for kernel in try installed(on: root, architecture) {
            let fingerprint = kernel.initrd == nil ? "\(kernel.fingerprint)~\(recipe.fingerprint)" : kernel.fingerprint
            let same = known.first { $0.version == kernel.version && $0.fingerprint == fingerprint }
            // What stands against a kernel may have gone: a shell was installed, say, of which no fingerprint tells.
            if let same, same.obstacle == nil {
                result.append(same)
                continue
            }
            let suffix = "\(kernel.version)-\(Fingerprint.of(fingerprint))"
            let vmlinuz = "vmlinuz-\(suffix)"
            if same == nil {
                try Files.remove(directory.appending(vmlinuz))
                try root.copy(kernel.vmlinuz, to: directory.appending(vmlinuz), permissions: .readableByAll)
            }
            var initrd: String? = "initrd.img-\(suffix)"
            var obstacle: String?
            let path = directory.appending("initrd.img-\(suffix)")
            if let number = kernel.initrd {
                try Files.remove(path)
                try root.copy(number, to: path, permissions: .readableByAll)
            } else {
                let tree = try ModuleTree(kernel.version, on: root)
                if let bytes = try Initrd.make(tree, from: root, recipe) {
                    try Files.writeAtomically(bytes, to: path, mode: 0o644)
                    obstacle = try Initrd.obstacle(kernel.version, tree, on: root)
                } else {
                    initrd = nil
                    obstacle = Initrd.noShell
                }
            }
            result.append(
                BootKernel(
                    version: kernel.version, vmlinuz: vmlinuz, initrd: initrd, obstacle: obstacle,
                    fingerprint: fingerprint))
        }
        return result
    }

    /// An initrd for a kernel of the disk, as `refresh` makes it; nil where the disk has no shell to put into it.
    public static func initrd(
        for version: String, from root: borrowing Ext4FileSystem, recipe: InitrdRecipe
    ) throws -> [UInt8]? { try Initrd.make(ModuleTree(version, on: root), from: root, recipe) }

    /// Whether a text can be a kernel's version. It becomes part of a file's name on the host, so only what one is made of may stand in it.
    public static func isVersion(_ text: String) -> Bool {
        let letters = text.utf8.allSatisfy { byte in
            byte > 0x20 && byte < 0x7F && byte != UInt8(ascii: "/") && byte != UInt8(ascii: "'")
                && byte != UInt8(ascii: "\"")
        }
        return letters && text.first?.isNumber == true && text.utf8.count <= 128 && !text.contains(".dpkg-")
            && !spareEndings.contains(where: text.hasSuffix)
    }

    /// What copies that are kept aside, and what lies beside a kernel, end with.
    private static let spareEndings = [
        ".old", ".bak", ".orig", ".save", ".tmp", ".new", "~", ".rpmsave", ".rpmnew", ".sig", ".signed", ".hmac",
        ".map",
    ]
}

extension FileAttributes {
    /// Changes when the file is replaced or written. Builds of one version can be alike in size and modification time.
    fileprivate var fingerprint: String { "\(size)@\(modified).\(changed)" }
}

extension FilePermissions {
    fileprivate static let readableByAll = FilePermissions(rawValue: 0o644)
}
