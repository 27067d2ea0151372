import DevboxCore
import Disks
import Templates

/// What the initrds of a disk's kernels are made of, beside what is on the disk.
public struct InitrdRecipe: Sendable {
    /// The program that the kernel starts.
    let script: String
    /// The modules that it loads first, where the kernel has them as modules.
    let modules: [String]
    /// Where the root file system begins on the disk, in sectors of 512 bytes.
    let sector: Int64
    /// Where /usr begins, in sectors of 512 bytes; nil where it is a part of the root file system.
    let usr: Int64?

    /// - Parameters:
    ///   - templates: where `initrd/init` and `initrd/modules` are.
    ///   - partition: the partition that holds the root file system; nil where it fills the disk.
    ///   - usr: the one that holds /usr; nil where that has none of its own.
    public init(_ templates: Templates, partition: DiskExtent?, usr: DiskExtent? = nil) throws {
        self.init(
            script: try templates.text("initrd/init"), modules: try templates.text("initrd/modules"),
            sector: (partition?.offset ?? 0) / 512, usr: usr.map { $0.offset / 512 })
    }

    /// - Parameter modules: one name a line, with comments.
    init(script: String, modules: String, sector: Int64, usr: Int64? = nil) {
        self.script = script
        self.usr = usr
        self.modules = Self.names(in: modules)
        self.sector = sector
    }

    /// The names of a list that has one a line, and comments.
    static func names(in text: String) -> [String] {
        text.split(separator: "\n").map { $0.prefix { $0 != "#" }.filter { !$0.isWhitespace } }.filter { !$0.isEmpty }
    }

    /// Changes whenever an initrd made by this recipe would be another one, the disk being the same.
    var fingerprint: String {
        Fingerprint.of("\(script)\n\(modules.joined(separator: " "))\n\(sector)\(usr.map { " \($0)" } ?? "")")
    }
}

/// An initrd that does what a virtual machine needs and nothing else: it loads the drivers of the disk, mounts the root file
/// system and starts its init.
///
/// One that the guest's own tools would make holds udev, a file system check and drivers by the dozen, takes seconds to make, and
/// costs a virtual machine without hardware acceleration some two seconds of each boot.
enum Initrd {
    /// The bytes of an initrd for a kernel; nil where the disk has no shell to put into it.
    ///
    /// - Parameter tree: the kernel's modules; nil where it has none.
    static func make(_ tree: ModuleTree?, from root: borrowing Ext4FileSystem, _ recipe: InitrdRecipe) throws
        -> [UInt8]?
    {
        guard let tools = try InitrdTools([InitrdTools.handover], on: root) else { return nil }
        var archive = CpioArchive()
        for folder in ["bin", "lib", "usr", "modules", "devbox", "proc", "sys", "dev", "run", "root"] {
            archive.addDirectory(folder)
        }
        archive.addFile("init", executable: true, Array(recipe.script.utf8))
        for file in tools.files { archive.addFile(file.path, executable: true, file.bytes) }
        for link in tools.links { archive.addLink(link.path, to: link.target) }
        try archive.addModules(recipe.modules, of: tree, on: root)
        archive.addFile("devbox/sector", executable: false, Array("\(recipe.sector)\n".utf8))
        if let usr = recipe.usr { archive.addFile("devbox/usr", executable: false, Array("\(usr)\n".utf8)) }
        return archive.finished()
    }

    /// Why no initrd is made.
    static let noShell =
        "there is no initrd in /boot, and nothing on the disk to make one of: neither klibc's programs, nor a static busybox, nor sh, mount, insmod and switch_root with their libraries"

    /// What a kernel finds its root file system with: on all machines that QEMU emulates here the disk is a virtio device on the PCI bus.
    static let drivers = ["virtio_pci", "virtio_blk", "ext4"]

    /// What keeps a kernel from finding its root file system, with an initrd of devbox's; nil where it has its drivers.
    ///
    /// - Parameter drivers: those that it needs.
    static func obstacle(
        _ version: String, _ tree: ModuleTree?, on root: borrowing Ext4FileSystem, drivers: [String] = Self.drivers
    ) throws -> String? {
        let missing = try Self.missing(drivers, version, tree, on: root)
        if missing.isEmpty { return nil }
        guard tree != nil else {
            return
                "\(missing.joined(separator: ", ")) can be modules alone, and /lib/modules/\(version) has no list of its modules, modules.dep: depmod(8) has not run for it in the guest"
        }
        return "it has no \(missing.joined(separator: " and no ")), neither built in nor as a module"
    }

    /// Those of some drivers that a kernel has neither built in nor as a module.
    static func missing(
        _ drivers: [String], _ version: String, _ tree: ModuleTree?, on root: borrowing Ext4FileSystem
    ) throws -> [String] {
        // A kernel that says nothing of what is built in may have all of it.
        guard let builtIn = try root.text("/lib/modules/\(version)/modules.builtin", limit: 16 << 20), !builtIn.isEmpty
        else { return [] }
        let names = Set(builtIn.split(separator: "\n").map { ModuleTree.name(of: String($0)) })
        return drivers.filter { tree?.closure([$0]).isEmpty ?? true && !names.contains($0) }
    }
}

/// FNV-1a: tells one state of something from the next, in a file's name say. Not against somebody who wants two to be alike.
enum Fingerprint {
    static func of(_ text: String) -> String {
        let hash = text.utf8.reduce(UInt32(2_166_136_261)) { ($0 ^ UInt32($1)) &* 16_777_619 }
        return String(hash, radix: 16)
    }
}

extension CpioArchive {
    /// Adds modules and all that they need, and the list of them in the order in which they load.
    ///
    /// - Parameters:
    ///   - tree: the kernel's modules; nil where it has none.
    ///   - list: what the list is called in /devbox.
    ///   - others: paths of modules that are there already.
    /// - Returns: the paths of all that are there now.
    @discardableResult
    mutating func addModules(
        _ wanted: [String], of tree: ModuleTree?, on root: borrowing Ext4FileSystem, as list: String = "modules",
        besides others: [String] = []
    ) throws -> [String] {
        var names: [String] = []
        let paths = (tree?.closure(wanted) ?? []).filter { !others.contains($0) }
        for path in paths {
            let name = ModuleTree.name(of: path) + ".ko"
            if let tree { addFile("modules/\(name)", executable: false, try tree.content(path, on: root)) }
            names.append(name + "\n")
        }
        addFile("devbox/\(list)", executable: false, Array(names.joined().utf8))
        return others + paths
    }
}
