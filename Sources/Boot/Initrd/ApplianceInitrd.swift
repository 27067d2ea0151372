import DevboxCore
import Disks
import Templates

/// The initrd of an appliance: a machine that mounts a system's disk and runs commands in it, without the system's init.
///
/// All in it is of the disk that the kernel is of. Of the disk that the appliance works on it knows nothing: that is told at its port.
public struct ApplianceInitrd: Sendable {
    /// A cpio archive as the kernel unpacks it.
    public let bytes: [UInt8]
    /// Why the kernel can show no folder of the host's; nil where it can.
    public let unshared: String?

    private static let needed = Initrd.drivers + ["virtio_console"]
    private static let shared = ["9pnet_virtio", "9p"]

    /// Makes it for a kernel.
    ///
    /// - Parameters:
    ///   - version: the kernel's.
    ///   - root: the disk that has its modules, and a shell.
    ///   - checks: whether it is to check file systems.
    /// - Throws: `environment`, where the kernel lacks a driver, or the disk a shell, or e2fsck(8) where that is needed.
    public init(
        for version: String, from root: borrowing Ext4FileSystem, _ templates: Templates, checks: Bool = false
    ) throws {
        guard let tools = try InitrdTools(["chroot", "cat", "ln", "mknod"], on: root, unlessMissing: ["ipconfig"])
        else {
            throw Failure(
                .environment,
                "there is nothing on the disk to make an initrd of: neither klibc's programs, nor a static busybox, nor sh, mount, insmod and chroot with their libraries"
            )
        }
        let tree = try ModuleTree(version, on: root)
        if let obstacle = try Initrd.obstacle(version, tree, on: root, drivers: Self.needed) {
            throw Failure(.environment, "the kernel \(version) cannot start an appliance: \(obstacle)")
        }
        let missing = try Initrd.missing(Self.shared, version, tree, on: root)
        unshared =
            missing.isEmpty
            ? nil
            : "the kernel \(version) has no \(missing.joined(separator: " and no ")), neither built in nor as a module"
        var (files, links) = (tools.files, tools.links)
        if checks {
            guard let checker = try LinkedPrograms(["e2fsck"], on: root) else {
                throw Failure(.environment, "there is no e2fsck on the disk")
            }
            files += checker.files.filter { file in !files.contains { $0.path == file.path } }
            links += checker.links.filter { link in !links.contains { $0.path == link.path } }
        }
        var archive = CpioArchive()
        for folder in [
            "bin", "sbin", "lib", "usr", "usr/bin", "usr/sbin", "etc", "modules", "devbox", "proc", "sys", "dev", "run",
            "tmp", "root", "keep",
        ] { archive.addDirectory(folder) }
        archive.addFile("init", executable: true, Array(try templates.text("appliance/init").utf8))
        for file in files { archive.addFile(file.path, executable: true, file.bytes) }
        for link in links { archive.addLink(link.path, to: link.target) }
        // A busybox goes by the name that it is called with.
        if let cat = files.first(where: { $0.path == "bin/cat" }) {
            archive.addFile("bin/devbox-port", executable: true, cat.bytes)
        } else {
            archive.addFile("bin/devbox-port", executable: true, Array("#!/bin/sh\nexec /bin/cat\n".utf8))
        }
        for folder in ["bin", "sbin", "usr/bin", "usr/sbin"] {
            archive.addFile(
                "\(folder)/modprobe", executable: true, Array(try templates.text("appliance/modprobe").utf8))
        }
        archive.addFile("devbox/run", executable: false, Array(try templates.script("target/run.sh").utf8))
        let names = try InitrdRecipe.names(in: templates.text("appliance/modules")).split(separator: "late")
        var loaded: [String] = []
        for (list, names) in zip(["modules", "late"], names + [[], []]) {
            loaded = try archive.addModules(Array(names), of: tree, on: root, as: list, besides: loaded)
        }
        bytes = archive.finished()
    }
}
