import DevboxCore
@testable import Disks
import SystemPackage
import TestSupport
import Testing

@Suite("Formats of disks", .timeLimit(.minutes(10)))
struct DiskFormatTests {
    private let scratch: ScratchDirectory
    init() throws { scratch = try ScratchDirectory() }

    private func format(_ path: FilePath) throws -> DiskFormat {
        let file = try Files.open(path, .readOnly)
        defer { try? file.close() }
        return try DiskFormat(of: file, size: Int64(try Files.status(path).st_size), name: path.string)
    }

    private func check(_ format: ForeignFormat, _ path: FilePath) -> (any ReportableError)? {
        reported {
            let file = try Files.open(path, .readOnly)
            defer { try? file.close() }
            try format.checkReferences(file, size: Int64(try Files.status(path).st_size), name: path.string)
        }
    }

    private func make(_ name: String, _ options: String...) throws -> FilePath {
        let path = scratch(name)
        try runner.run(
            .init(
                .init("qemu-img", package: "qemu-utils", for: "tests"),
                ["create", "-q"] + options + [path.string, "8M"]))
        return path
    }

    @Test(
        "what is sometimes taken for a disk is called by its name",
        arguments: [
            ("an lzma file", [0x5D, 0, 0, 0x80, 0] + Array(repeating: 0xFF, count: 8)),
            ("an lzip file", Array("LZIP\u{1}".utf8)),
            ("a rar archive", Array("Rar!\u{1A}\u{7}\u{1}\u{0}".utf8)), ("a cpio archive", Array("070701000".utf8)),
            ("an ar archive, a .deb say", Array("!<arch>\ndebian".utf8)),
            ("an Android sparse image", [0x3A, 0xFF, 0x26, 0xED, 1, 0]),
            ("a partclone image", Array("partclone-image\0".utf8)),
            ("a WIM image", Array("MSWIM\0\0\0".utf8)),
            ("an HTML page, and no disk", Array("\n<!DOCTYPE HTML><html>".utf8)),
            ("a pointer of Git LFS, and no disk", Array("version https://git-lfs.example.org/spec/v1\n".utf8)),
        ] as [(String, [UInt8])])
    func strange(words: String, begin: [UInt8]) throws {
        // Whatever follows, and also where it is short.
        for rest in [0, 4096] {
            let path = scratch("file")
            try Files.writeAtomically(begin + [UInt8](repeating: 0, count: rest), to: path)
            guard case .strange(let found, _) = try format(path) else {
                Issue.record("\(words) is taken for a disk")
                continue
            }
            #expect(found == words)
        }
    }

    @Test(
        "what qemu-img makes is told apart, and each of these disks is whole by itself",
        arguments: ForeignFormat.allCases)
    func foreign(kind: ForeignFormat) throws {
        let disk = try make("disk", "-f", kind.rawValue)
        #expect(try format(disk) == .foreign(kind))
        #expect(check(kind, disk) == nil)
    }

    @Test(
        "subformats: a fixed VHD ends with its mark, a streaming VMDK has the same beginning, a flat VMDK is a text alone"
    )
    func subformats() throws {
        let fixed = try make("fixed", "-f", "vpc", "-o", "subformat=fixed")
        #expect(try format(fixed) == .foreign(.vpc) && check(.vpc, fixed) == nil)
        let stream = try make("stream", "-f", "vmdk", "-o", "subformat=streamOptimized")
        #expect(try format(stream) == .foreign(.vmdk) && check(.vmdk, stream) == nil)
        let flat = try make("flat.vmdk", "-f", "vmdk", "-o", "subformat=monolithicFlat")
        #expect(try format(flat) == .descriptor)
        let qcow2 = try make("qcow2", "-f", "qcow2")
        #expect(try format(qcow2) == .qcow2)
        #expect(try format(make("raw", "-f", "raw")) == .raw)
        for text in ["", "x", "KDM", "QFI"] { #expect(try format(scratch.write(text, to: "text")) == .raw) }
        let twoFiles = try make("two", "-f", "vmdk", "-o", "subformat=twoGbMaxExtentSparse")
        #expect(try format(twoFiles) == .descriptor)
        let part = scratch("two-s001.vmdk")
        let path = Files.exists(part) ? part : scratch("two-s001")
        #expect(
            check(.vmdk, path)?.message.contains("one part of a VMDK") == true, "\(check(.vmdk, path)?.message ?? "")")
        guard case .strange = try format(scratch.write("PK\u{3}\u{4}", to: "zip")) else {
            Issue.record("a zip archive is one")
            return
        }
    }

    @Test("a disk that names another file is refused before anything opens that", arguments: ["vmdk", "qed", "qcow"])
    func backing(name: String) throws {
        let kind = try #require(ForeignFormat(rawValue: name))
        let base = try make("base", "-f", name == "vmdk" ? "vmdk" : "raw")
        let top = scratch("top")
        try tool(
            "qemu-img", "create", "-q", "-f", name, "-b", base.string, "-F", name == "vmdk" ? "vmdk" : "raw", top.string
        )
        let error = try #require(check(kind, top))
        #expect(error.exitCode == .badInput)
        #expect(
            error.message.contains("refers to another file") && error.message.contains(base.string), "\(error.message)")
        #expect(error.hint?.contains("qemu-img convert -f \(name)") == true)
    }

    /// QEMU takes such a disk for what its descriptor lists: any file of the host.
    @Test("a sparse VMDK of which the descriptor would count, or with a parent wherever QEMU looks for one, is refused")
    func hostileVMDK() throws {
        let disk = try make("disk", "-f", "vmdk")
        let good = try Files.read(disk)
        func check(_ change: (inout [UInt8]) -> Void) throws -> (any ReportableError)? {
            var bytes = good
            change(&bytes)
            try Files.writeAtomically(bytes, to: disk)
            return self.check(.vmdk, disk)
        }
        #expect(try check { _ in } == nil)
        #expect(try check { for index in 12..<20 { $0[index] = 0 } }?.message.contains("its descriptor lists") == true)
        let parent = Array("parentFileNameHint=\"/etc/shadow\"\n".utf8)
        for place in [512, 512 + 19 * 512] {
            let error = try check { $0.replaceSubrange(place..<(place + parent.count), with: parent) }
            #expect(error?.message.contains("\"/etc/shadow\"") == true)
        }
        // Where the header says that its descriptor is elsewhere.
        let error = try check { bytes in
            bytes[28] = 64
            bytes.replaceSubrange((64 * 512)..<(64 * 512 + parent.count), with: parent)
        }
        #expect(error?.exitCode == .badInput)
    }

    @Test("disks that hold differences alone are refused, and one that is cut off is damaged")
    func differences() throws {
        let vdi = try make("vdi", "-f", "vdi")
        var bytes = try Files.read(vdi)
        bytes[76] = 4
        try Files.writeAtomically(bytes, to: vdi)
        #expect(check(.vdi, vdi)?.message.contains("differences") == true)
        let vhd = try make("vhd", "-f", "vpc")
        bytes = try Files.read(vhd)
        bytes[63] = 4
        try Files.writeAtomically(bytes, to: vhd)
        #expect(check(.vpc, vhd)?.message.contains("differences") == true)
        let cut = try scratch.write("KDMV", to: "cut")
        #expect(check(.vmdk, cut)?.message.contains("cut off") == true)
    }
}

@Suite("What volumes hold, and partition tables")
struct VolumeTests {
    private let scratch: ScratchDirectory
    init() throws { scratch = try ScratchDirectory() }

    private func disk(_ bytes: [Int: [UInt8]], size: Int = 1 << 20) throws -> FileDevice {
        var content = [UInt8](repeating: 0, count: size)
        for (offset, part) in bytes { content.replaceSubrange(offset..<(offset + part.count), with: part) }
        try Files.writeAtomically(content, to: scratch("disk"))
        return try FileDevice(scratch("disk"))
    }

    private static let known: [(String, [Int: [UInt8]])] = [
        ("xfs", [0: Array("XFSB".utf8)]), ("btrfs", [0x10040: Array("_BHRfS_M".utf8)]),
        ("f2fs", [0x400: [0x10, 0x20, 0xF5, 0xF2]]),
        ("an LVM2 physical volume", [512: Array("LABELONE".utf8), 536: Array("LVM2 001".utf8)]),
        ("an LVM2 physical volume", [1536: Array("LABELONE".utf8), 1560: Array("LVM2 001".utf8)]),
        ("a LUKS volume, which is encrypted", [0: Array("LUKS".utf8) + [0xBA, 0xBE, 0, 2]]),
        ("ext4", [0x438: [0x53, 0xEF]]), ("swap space", [4086: Array("SWAPSPACE2".utf8)]),
        ("squashfs", [0: Array("hsqs".utf8)]),
    ]

    @Test("what is on a volume is called by its name", arguments: known)
    func names(words: String, marks: [Int: [UInt8]]) throws {
        #expect(try VolumeKind(of: disk(marks))?.words == words)
    }

    @Test("what is not known is nil, also where it is short")
    func unknown() throws {
        #expect(try VolumeKind(of: disk([:])) == nil)
        #expect(try VolumeKind(of: disk([:], size: 512)) == nil)
        // One mark of two.
        #expect(try VolumeKind(of: disk([512: Array("LABELONE".utf8)])) == nil)
    }

    /// A GPT with one partition, as devbox reads it.
    private func table(_ sector: Int, first: Int, last: Int) -> [Int: [UInt8]] {
        func bytes(_ number: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
        return [
            510: [0x55, 0xAA], 446 + 4: [0xEE], 446 + 8: bytes(1, 4), 446 + 12: bytes(255, 4),
            sector: Array("EFI PART".utf8), sector + 72: bytes(2, 8), sector + 80: bytes(4, 4),
            sector + 84: bytes(128, 4),
            2 * sector: [UInt8](repeating: 7, count: 16), 2 * sector + 32: bytes(first, 8),
            2 * sector + 40: bytes(last, 8),
        ]
    }

    @Test("a GPT of a disk with sectors of 4096 bytes is read as one of 512 is", arguments: [512, 4096])
    func sectors(size: Int) throws {
        let disk = try disk(table(size, first: 10, last: 19))
        let table = try PartitionTable(of: disk, name: "test")
        #expect(table.partitions == [DiskExtent(offset: Int64(10 * size), size: Int64(10 * size))])
        #expect(table.sectorSize == Int64(size))
    }

    @Test("a partition behind the disk's end is damage, whatever the sectors are", arguments: [512, 4096])
    func beyond(size: Int) throws {
        let disk = try disk(table(size, first: 10, last: 1 << 40))
        #expect(reported { _ = try PartitionTable(of: disk, name: "test") }?.exitCode == .badInput)
    }
}

@Suite("ext4 with multi-mount protection")
struct Ext4MMPTests {
    @Test("it is edited like any other")
    func edit() throws {
        let disk = try Ext4Disk("24M", ["-O", "mmp"])
        try disk.edit { root in
            let isProtected = root.hasMultiMountProtection
            #expect(isProtected)
            _ = try root.makeFile("new", in: root.folder("/etc"), as: NewFile(permissions: 0o644)) {
                try $0(Array("text".utf8)[...])
            }
        }
        #expect(try disk.text("/etc/new") == "text")
        try disk.check()
    }

    @Test(
        "turned off, nothing of it is left, and e2fsck finds nothing; a number of a block that is none of it frees nothing"
    )
    func off() throws {
        let disk = try Ext4Disk("24M", ["-O", "mmp,metadata_csum"])
        let device = try FileDevice(disk.path, writable: true)
        let free = try disk.look { try $0.freeBytes(at: "/") }
        try Ext4FileSystem(on: device, disk: "test").turnOffMultiMountProtection()
        try disk.edit { root in
            let isProtected = root.hasMultiMountProtection
            #expect(!isProtected)
            try root.forgetMultiMountProtection()
        }
        try disk.check()
        #expect(try disk.look { try $0.freeBytes(at: "/") } > free)
        #expect(try !tool("tune2fs", "-l", disk.path.string).lowercased().contains("mmp"))
        // The superblock says that it has the block of the root's directory.
        try runner.run(
            .init(
                .init("debugfs", package: "e2fsprogs", for: "tests"), ["-w", "-R", "ssv mmp_block 9", disk.path.string])
        )
        try disk.edit { try $0.forgetMultiMountProtection() }
        try disk.check()
    }
}
