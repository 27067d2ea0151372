import Boot
import DevboxCore
import Disks
import FoundationEssentials
import Glibc
import HostTools
import Images
import SystemPackage
import Templates

/// A small image for tests: a few files as Debian has them, in ext4, in qcow2, with its record.
package enum TestImage {
    /// What the root file system is filled with; the folder is handed to `mke2fs -d`.
    package static func fill(_ root: ScratchDirectory) throws {
        let files = [
            "etc/hostname": "debian\n",
            "etc/hosts": "127.0.0.1\tlocalhost\n::1\t\tlocalhost ip6-localhost ip6-loopback\n",
            "etc/machine-id": "00000000000000000000000000000001\n",
            "etc/os-release": "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n",
            "etc/ssh/sshd_config": "Include /etc/ssh/sshd_config.d/*.conf\n",
            "etc/ssh/ssh_host_rsa_key": "old\n", "etc/ssh/ssh_host_rsa_key.pub": "old\n",
            "etc/ssh/ssh_host_ed25519_key": "old\n", "etc/ssh/ssh_host_ed25519_key.pub": "old\n",
            "root/.ssh/authorized_keys": "ssh-ed25519 AAAAfirst somebody@else",
            "var/lib/dbus/machine-id": "00000000000000000000000000000001\n",
            "var/lib/systemd/random-seed": "seed", "usr/bin/true": "#!/bin/sh\n",
            "boot/vmlinuz-6.1.0-47-amd64": "kernel", "boot/initrd.img-6.1.0-47-amd64": "initrd",
        ]
        for (name, text) in files { try root.write(text, to: name) }
        for key in ["rsa", "ed25519"] { try Files.setMode(root("etc/ssh/ssh_host_\(key)_key"), 0o600) }
    }

    /// Makes images/`name` in a work directory.
    ///
    /// - Parameter change: changes the files before the disk is made.
    @discardableResult
    package static func make(
        _ name: String = "base", in work: WorkDirectory, size: String = "16M",
        change: (ScratchDirectory) throws -> Void = { _ in }
    ) throws -> ImageRecord {
        let image = ImageStore(work).image(name)
        let content = try ScratchDirectory()
        try fill(content)
        try change(content)
        try Files.makeDirectory(image.boot)
        let raw = image.path.appending("disk.raw")
        try tool(
            "mke2fs", "-q", "-F", "-t", "ext4", "-L", "root", "-E", "root_owner=0:0", "-d", content.path.string,
            raw.string, size)
        try tool("qemu-img", "convert", "-f", "raw", "-O", "qcow2", raw.string, image.disk.string)
        try Files.remove(raw)
        try Files.setMode(image.disk, 0o444)
        let reader = try Qcow2Reader(image.disk)
        let root = try Ext4FileSystem(on: reader, disk: name)
        let status = try Files.status(image.disk)
        let record = try ImageRecord(
            name: name, architecture: .amd64, release: Release(osRelease: "ID=debian\nVERSION_ID=\"12\""),
            createdAt: Date(),
            origin: .init(kind: "import", command: "test"),
            disk: BaseDisk(
                virtualSize: reader.size, sha256: SHA256Digest(of: image.disk), fileSize: Int64(status.st_size),
                modified: status.modifiedNanoseconds),
            root: RootFileSystem(partition: nil, uuid: root.uuid),
            kernels: BootFiles.refresh(
                [], from: root, .amd64, to: image.boot, recipe: InitrdRecipe(.builtIn, partition: nil)))
        try RecordFile.write(record, to: image.record)
        return record
    }
}
