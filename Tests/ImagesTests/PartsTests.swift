import DevboxCore
import Disks
@testable import Images
import SystemPackage
import Templates
import TestSupport
import Testing

@Suite("Systems with parts on other partitions", .timeLimit(.minutes(10)))
struct PartsTests {
    private let scratch: ScratchDirectory
    private let store: ImageStore

    init() throws {
        scratch = try ScratchDirectory()
        store = ImageStore(try WorkDirectory(given: scratch("work").string, environment: [:]))
    }

    private func imported(_ disk: PartitionedDisk, as name: String = "disk") throws -> ImageRecord {
        try ImageImporter(store, runner: runner, templates: .builtIn)
            .importDisk(disk.path, as: name, flatten: false, command: "test")
    }

    private static let bootUUID = "11111111-2222-4333-8444-555555555555"

    @Test(
        "a /boot of its own is followed, by each way in which fstab can call it, and its kernels are seen",
        arguments: [
            ("gpt", "UUID=\(bootUUID)"), ("gpt", "LABEL=BOOT"), ("gpt", "\"LABEL=BOOT\""),
            ("gpt", "PARTUUID=99999999-AAAA-4BBB-8CCC-DDDDDDDDDDDD"), ("gpt", "PARTLABEL=the\\040kernels"),
            ("gpt", #"/dev/disk/by-partlabel/the\x20kernels"#),
            ("gpt", "/dev/disk/by-uuid/\(bootUUID)"), ("gpt", "/dev/vda2"), ("gpt", "/dev/nvme0n1p2"),
            ("dos", "PARTUUID=abcd1234-02"), ("dos", "UUID=\(bootUUID)"),
        ])
    func boot(label: String, source: String) throws {
        let files = try PartitionedDisk.folder("kernel", at: "vmlinuz-6.8.0-40-generic")
        try files.write("initrd", to: "initrd.img-6.8.0-40-generic")
        let root = try PartitionedDisk.root(
            fstab:
                "# a comment\nLABEL=root / ext4 defaults 0 1\n\(source.filter { $0 != "\"" })\t/boot/\text4\tdefaults 0 2\n"
        )
        try root.write("stale", to: "boot/vmlinuz-5.0-hidden")
        let line = label == "gpt" ? "name=\"the kernels\", uuid=99999999-AAAA-4BBB-8CCC-DDDDDDDDDDDD" : ""
        let disk = try PartitionedDisk(
            [
                .init(options: ["-L", "root"], files: root),
                .init(line: line, options: ["-L", "BOOT", "-U", Self.bootUUID], files: files),
            ], label: label)
        let record = try imported(disk)
        #expect(record.kernels.map(\.version) == ["6.8.0-40-generic"], "what is below the mount is not seen")
        #expect(record.root.parts == [DiskPart("/boot", disk.extents[1])] && record.root.elsewhere == nil)
        let kernel = try #require(record.kernels.first)
        #expect(try Files.text(store.image("disk").boot.appending(kernel.initrd ?? "")) == "initrd")
    }

    @Test(
        "a /boot that is mounted at the first access, or by what its partition is for, is followed",
        arguments: [
            ("LABEL=boot /boot ext4 nofail,noauto,x-systemd.automount 0 2", "", true), ("", bootLoader, true),
            ("LABEL=boot /boot ext4 noauto 0 2", bootLoader, false), ("", "\(bootLoader), attrs=\"GUID:63\"", false),
        ])
    func mountedLater(line: String, partition: String, isSeen: Bool) throws {
        let disk = try PartitionedDisk([
            .init(files: PartitionedDisk.root(fstab: line.isEmpty ? "" : "\(line)\n")),
            .init(
                line: partition, options: ["-L", "boot"],
                files: PartitionedDisk.folder("kernel", at: "vmlinuz-6.8.0-40-generic")),
        ])
        let record = try imported(disk)
        #expect(record.kernels.map(\.version) == (isSeen ? ["6.8.0-40-generic"] : []))
        #expect(record.root.parts == (isSeen ? [DiskPart("/boot", disk.extents[1])] : nil))
    }

    private static let bootLoader = "type=BC13C2FF-59E6-4262-A352-B275FD6F7172"

    @Test("what a partition is for counts where the directory is there and empty, and nothing else is mounted on it")
    func discoverable() throws {
        let root = try PartitionedDisk.root(fstab: "LABEL=home2 /home ext4 defaults 0 2\n")
        try root.write("kernel", to: "boot/vmlinuz-6.1.0")
        try Files.makeDirectory(root("srv"))
        try Files.makeDirectory(root("home"))
        let home = "type=933AC7E1-2EB4-4F13-B844-0E14E2AEF915"
        let disk = try PartitionedDisk([
            .init(files: root), .init(line: Self.bootLoader, files: PartitionedDisk.folder("x", at: "vmlinuz-9")),
            .init(line: home, files: PartitionedDisk.folder("x", at: "first")),
            .init(line: home, options: ["-L", "home2"], files: PartitionedDisk.folder("x", at: "second")),
            .init(
                line: "type=3B8F8425-20E0-4F3B-907F-1A25A76F98E8", files: PartitionedDisk.folder("srv", at: "file")),
        ])
        let record = try imported(disk)
        #expect(record.kernels.map(\.version) == ["6.1.0"], "a /boot with something in it stays as it is")
        #expect(record.root.parts == [DiskPart("/home", disk.extents[3]), DiskPart("/srv", disk.extents[4])])
        let whole = try record.root.open(on: Qcow2Reader(store.image("disk").disk), name: "disk")
        #expect(try whole.text("/srv/file") == "srv")
    }

    @Test("a directory that is not there, or that a link leads to, takes no part: no container could mount it")
    func noDirectory() throws {
        let root = try PartitionedDisk.root(
            fstab:
                "LABEL=a /home ext4 x 0 2\nLABEL=a /mnt/gone ext4 x 0 2\nLABEL=a /work/x ext4 x 0 2\nLABEL=b /var/b ext4 x 0 2\n"
        )
        try tool("ln", "-s", "var", root("home").string)
        try Files.makeDirectory(root("var/b"))
        let disk = try PartitionedDisk([
            .init(files: root), .init(options: ["-L", "a"], files: PartitionedDisk.folder("a", at: "file")),
            .init(options: ["-L", "b"], files: PartitionedDisk.folder("b", at: "file")),
        ])
        let record = try imported(disk)
        #expect(record.root.parts == [DiskPart("/var/b", disk.extents[2])])
        #expect(record.root.elsewhere?.map(\.path) == ["/home", "/mnt/gone"])
        #expect(record.root.elsewhere?.first?.words.contains("its /home (LABEL=a) is not seen") == true)
    }

    @Test("a system in logical partitions is found, with its parts by their numbers")
    func logical() throws {
        let root = try PartitionedDisk.root(
            fstab:
                "PARTUUID=abcd1234-05 / ext4 defaults 0 1\nPARTUUID=abcd1234-06 /boot ext4 defaults 0 2\n/dev/sda7 /home ext4 x 0 2\n"
        )
        try Files.makeDirectory(root("home"))
        let parts = [
            root, try PartitionedDisk.folder("kernel", at: "vmlinuz-6.1.0"), try PartitionedDisk.folder("x", at: "a"),
        ]
        let path = scratch("logical.raw")
        try tool("truncate", "-s", "100M", path.string)
        try tool(
            "sfdisk", "-q", path.string,
            input: "label: dos\nlabel-id: 0xabcd1234\nx1: size=1M, type=83\nx2: size=90M, type=f\n"
                + (5...7).map { "x\($0): size=24M, type=83\n" }.joined())
        let extents = try PartitionTable.read(FileDevice(path), name: "disk")
        try #require(extents.count == 4)
        for (files, extent) in zip(parts, extents.dropFirst()) {
            try tool("rm", "-f", scratch("one.raw").string)
            try tool(
                "mke2fs", "-q", "-F", "-t", "ext4", "-E", "root_owner=0:0", "-d", files.path.string,
                scratch("one.raw").string, "24M")
            try tool(
                "dd", "if=\(scratch("one.raw"))", "of=\(path)", "bs=512", "seek=\(extent.offset / 512)", "conv=notrunc",
                "status=none")
        }
        let record = try ImageImporter(store, runner: runner, templates: .builtIn)
            .importDisk(path, as: "disk", flatten: false, command: "test")
        #expect(record.root.partition == extents[1] && record.kernels.map(\.version) == ["6.1.0"])
        #expect(record.root.parts == [DiskPart("/boot", extents[2]), DiskPart("/home", extents[3])])
        let numbers = try PartitionIdentity.all(of: FileDevice(path), name: "disk").map(\.number)
        #expect(numbers == [1, 5, 6, 7])
    }

    @Test("/usr and /var on partitions of their own are read as one system with the root")
    func usrAndVar() throws {
        let root = try ScratchDirectory()
        try root.write("LABEL=usr /usr ext4 defaults 0 2\nLABEL=var /var ext4 defaults 0 2\n", to: "etc/fstab")
        for (link, target) in [("bin", "usr/bin"), ("etc/os-release", "../usr/lib/os-release")] {
            try tool("ln", "-s", target, root(link).string)
        }
        for name in ["usr", "var", "boot"] { try Files.makeDirectory(root(name)) }
        let usr = try PartitionedDisk.folder(PartitionedDisk.program, at: "bin/sh")
        try usr.write("ID=fedora\nPRETTY_NAME=Fedora\n", to: "lib/os-release")
        let status = "Package: bash\nStatus: install ok installed\nVersion: 5\nArchitecture: amd64\n"
        let variable = try PartitionedDisk.folder(status, at: "lib/dpkg/status")
        let disk = try PartitionedDisk([
            .init(options: ["-L", "var"], files: variable), .init(options: ["-L", "usr"], files: usr),
            .init(files: root),
        ])
        let record = try imported(disk)
        #expect(record.release.id == "fedora" && record.architecture == .amd64)
        #expect(record.root.partition == disk.extents[2] && record.root.usr == disk.extents[1])
        let whole = try record.root.open(on: Qcow2Reader(store.image("disk").disk), name: "disk")
        #expect(try whole.text("/var/lib/dpkg/status") == status)
        #expect(try whole.text("/usr/bin/../../var/lib/../lib/dpkg/status") == status)
    }

    @Test("what cannot be followed is told by name, with the reason; the disk is taken all the same")
    func elsewhere() throws {
        let root = try PartitionedDisk.root(
            fstab: """
                LABEL=root / ext4 defaults 0 1
                /dev/mapper/vg-boot /boot ext4 defaults 0 2
                UUID=deadbeef-0000-4000-8000-000000000000 /var ext4 defaults 0 2
                LABEL=data /var/lib/data xfs defaults 0 2
                LABEL=root /usr/share\\012lxc.hook.mount\\040=\\040/x ext4 defaults 0 2
                LABEL=UEFI /boot/efi vfat defaults 0 1
                tmpfs /var/tmp tmpfs defaults 0 0
                """)
        let disk = try PartitionedDisk([.init(options: ["-L", "root"], files: root), .init()])
        try tool(
            "sh", "-c",
            "printf XFSB | dd of=\(disk.path) bs=512 seek=\(disk.extents[1].offset / 512) conv=notrunc status=none")
        try tool(
            "sh", "-c",
            "printf data | dd of=\(disk.path) bs=1 seek=\(disk.extents[1].offset + 108) conv=notrunc status=none")
        let record = try imported(disk)
        let told = try #require(record.root.elsewhere)
        #expect(told.map(\.path).prefix(2) == ["/boot", "/usr/share\nlxc.hook.mount = /x"])
        #expect(told.map(\.path).suffix(2) == ["/var", "/var/lib/data"])
        #expect(told[0].words.contains("/dev/mapper/vg-boot") && told[0].words.contains("LVM"))
        #expect(!told[1].words.contains("\n") && told[1].reason.contains("name"))
        #expect(told[2].reason.contains("another disk") && told[3].reason.contains("xfs"))
        #expect(record.root.parts == nil && record.kernels.isEmpty)
    }

    @Test(
        "a part that is damaged, or has no directory to be mounted at, is told by name, and the disk is taken without it"
    )
    func unfit() throws {
        let root = try PartitionedDisk.root(
            fstab: "LABEL=root / ext4\n/dev/vda2 /boot ext4\n/dev/vda3 /var/lib/data ext4\n/dev/vda4 /var ext4\n")
        let file = try PartitionedDisk.folder("data", at: "file")
        let disk = try PartitionedDisk([
            .init(options: ["-L", "root"], files: root), .init(files: file), .init(files: file), .init(files: file),
        ])
        // All of the superblock but the mark of ext4.
        try tool(
            "sh", "-c",
            "yes | head -c 32 | dd of=\(disk.path) bs=1 seek=\(disk.extents[1].offset + 1024) conv=notrunc status=none")
        let record = try imported(disk)
        let told = try #require(record.root.elsewhere)
        #expect(told.map(\.path) == ["/boot", "/var/lib/data"] && record.root.parts?.map(\.path) == ["/var"])
        #expect(told[0].reason.hasPrefix("it is ext4 and damaged: "))
        #expect(told[1].reason == "the directory is not there, or a link leads to it")
        #expect(record.root.covering("boot/vmlinuz-6.1")?.path == "/boot" && record.root.covering("/boot") == nil)
        #expect(record.root.covering("./var/lib/data/x")?.path == "/var/lib/data")
        #expect(record.root.covering("/bootx/y") == nil && record.root.covering("/var/lib/x") == nil)
    }

    @Test("what has become of a part since the import is said of that part")
    func damagedLater() throws {
        let root = try PartitionedDisk.root(fstab: "/dev/vda2 /boot ext4\n")
        let disk = try PartitionedDisk([
            .init(files: root), .init(files: PartitionedDisk.folder("kernel", at: "vmlinuz-6.1")),
        ])
        let record = try imported(disk)
        try tool(
            "dd", "if=/dev/zero", "of=\(disk.path)", "bs=512", "seek=\(disk.extents[1].offset / 512)", "count=8",
            "conv=notrunc", "status=none")
        let error = reported { _ = try record.root.open(on: FileDevice(disk.path), name: "disk") }
        #expect(error?.message.contains("its /boot: no sound ext4") == true, "\(error?.message ?? "taken")")
    }

    @Test("partitions are called by the numbers that the table gives them")
    func numbers() throws {
        let disk = try PartitionedDisk([.init(), .init(), .init()])
        try tool("sfdisk", "-q", "--delete", disk.path.string, "1")
        try tool(
            "sh", "-c",
            "printf XFSB | dd of=\(disk.path) bs=512 seek=\(disk.extents[1].offset / 512) conv=notrunc status=none")
        let error = reported { _ = try imported(disk) }
        #expect(error?.message.contains("its partition 2 is xfs") == true, "\(error?.message ?? "taken")")
    }

    @Test("a system whose /usr cannot be followed is refused with that reason")
    func usrElsewhere() throws {
        let root = try ScratchDirectory()
        try root.write("/dev/vg/usr /usr ext4 defaults 0 2\n", to: "etc/fstab")
        try tool("ln", "-s", "../usr/lib/os-release", root("etc/os-release").string)
        let error = reported { _ = try imported(PartitionedDisk([.init(files: root)])) }
        #expect(error?.exitCode == .badInput && error?.message.contains("its /usr (/dev/vg/usr)") == true)
    }

    @Test("a disk whose root is a logical volume is refused with what its partitions hold")
    func logicalVolume() throws {
        let disk = try PartitionedDisk([.init(files: PartitionedDisk.folder("kernel", at: "vmlinuz-6.1")), .init()])
        try tool(
            "sh", "-c",
            "printf 'LABELONE%16sLVM2 001' | dd of=\(disk.path) bs=512 seek=\(disk.extents[1].offset / 512 + 1) conv=notrunc status=none"
        )
        let error = reported { _ = try imported(disk) }
        #expect(
            error?.exitCode == .badInput
                && error?.message.contains("its partition 2 is an LVM2 physical volume") == true)
    }

    @Test("an fstab is read as mount(8) reads it: escapes, comments, lines that are none")
    func table() {
        let table = FileSystemTable(
            "/dev/sda1 / ext4\n  # x\nUUID=1\t/var/a\\040b ext4 rw,noatime 0 0\nbroken\n/dev/sda5 none swap sw\nLABEL=x /usr auto noauto\nhost:/x /var/n nfs x\n/dev/sdb1 /var/m ext4 _netdev\n/srv/b /var/b none bind\n"
        )
        #expect(table.root == "/dev/sda1" && table.entries.count == 6)
        // What is on the net, or on another disk, is not followed, but told.
        #expect(
            table.parts.map(\.path) == ["/var/a b", "/var/b", "/var/m", "/var/n"] && table.parts.first?.isPlain == false
        )
        let others = FileSystemTable(
            """
            sunrpc /var/lib/nfs/rpc_pipefs rpc_pipefs defaults
            ramfs /var/cache/x ramfs
            host:/x /var/mnt fuse.sshfs
            /srv/x /var/x none rbind
            UUID=1 /boot ext4 noauto,x-systemd.automount
            host:/home /var/home nfs4
            """)
        #expect(others.parts.map(\.path) == ["/boot", "/var/home", "/var/x"])
        #expect(FileSystemTable(String(repeating: "a /var/b ext4\n", count: 9999)).entries.count == 256)
    }

    @Test(
        "what is mounted where a path lies is the deepest mount, the later of two, and nothing that waits to be asked for"
    )
    func holding() {
        let table = FileSystemTable(
            """
            LABEL=root / ext4
            LABEL=srv /srv ext4 nofail
            LABEL=x /srv/crash ext4 noauto
            LABEL=old /data/crash ext4
            tmpfs /data/crash tmpfs
            LABEL=data /data ext4
            LABEL=auto /mnt ext4 noauto,x-systemd.automount
            """)
        func source(_ path: String) -> String? { table.mount(holding: path)?.source }
        #expect(source("/srv/crash") == "LABEL=srv" && source("/srv") == "LABEL=srv")
        #expect(source("/srvx/crash") == nil && source("/var/crash") == nil)
        #expect(source("/data/crash/x") == "tmpfs" && source("/data") == "LABEL=data")
        #expect(source("/mnt/a") == "LABEL=auto")
    }

    @Test(
        "a directory's name that could leave its place in a configuration is not taken",
        arguments: ["/var/../etc", "/var/a b", "/var/a\nb", "/var//a", "/var/", "var", "", "/", "/var/ä", "/var/{{x}}"])
    func names(path: String) {
        #expect(!DiskPart.isPlain(path))
        #expect(DiskPart.isPlain("/var/lib/dpkg-1_2.x"))
    }
}
