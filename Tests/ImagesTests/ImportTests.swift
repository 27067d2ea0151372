import DevboxCore
import Disks
import HostTools
@testable import Images
import SystemPackage
import Templates
import TestSupport
import Testing

@Suite("Disks from elsewhere", .timeLimit(.minutes(10)))
struct ImportTests {
    private let scratch: ScratchDirectory
    private let store: ImageStore

    init() throws {
        scratch = try ScratchDirectory()
        store = ImageStore(try WorkDirectory(given: scratch("work").string, environment: [:]))
    }

    /// A folder with the files of the smallest operating system that is one.
    private func files() throws -> FilePath {
        try scratch.write("ID=debian\nVERSION_ID=\"12\"\n", to: "files/etc/os-release")
        try scratch.write("hello", to: "files/etc/hostname")
        // As far as anybody reads it: an ELF header of amd64.
        let shell: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 62, 0]
        try Files.makeDirectory(scratch("files/bin"))
        try Files.writeAtomically(shell + [UInt8](repeating: 1, count: 44), to: scratch("files/bin/sh"))
        return scratch("files")
    }

    /// A raw disk with a root file system on it.
    private func disk(_ name: String = "disk.raw", options: [String] = [], size: String = "24M") throws -> FilePath {
        let path = scratch(name)
        try runner.run(
            .init(
                .init("mke2fs", package: "e2fsprogs", for: "tests"),
                ["-q", "-F", "-t", "ext4", "-L", "root", "-E", "root_owner=0:0", "-d", try files().string]
                    + options
                    + [path.string, size]))
        return path
    }

    @discardableResult
    private func take(
        _ file: FilePath, as name: String = "image", flatten: Bool = false, convert: Bool = false,
        reserve: Int64? = nil,
        progress: @escaping ([TransferProgress]) -> Void = { _ in }
    ) throws -> ImageRecord {
        var importer = ImageImporter(store, runner: runner, templates: .builtIn)
        importer.reserve = reserve
        return try importer.importDisk(
            file, as: name, flatten: flatten, convert: convert, command: "test", progress: progress)
    }

    private func hostname(_ image: String = "image") throws -> String? {
        let record = try store.load(image)
        let disk = try Qcow2Reader(store.image(image).disk)
        let part: any BlockDevice = try record.root.partition.map { try PartitionDevice(of: disk, at: $0) } ?? disk
        return try Ext4FileSystem(on: part, disk: image).text("/etc/hostname")
    }

    /// Nothing is left of what was refused.
    private func refused(_ file: FilePath, flatten: Bool = false, convert: Bool = false) throws -> any ReportableError {
        let error = try #require(reported { try take(file, flatten: flatten, convert: convert) })
        #expect(error.exitCode == .badInput, "\(error.message)")
        #expect(try store.names().isEmpty && Files.list(store.work.images).allSatisfy { !$0.hasPrefix(".new") })
        return error
    }

    @Test(
        "a disk of another format is called by its name, and taken with --convert",
        arguments: ["vmdk", "vdi", "vhdx", "vpc", "qed", "qcow", "parallels", "vmdk/streamOptimized", "vpc/fixed"])
    func foreign(format: String) throws {
        let parts = format.split(separator: "/").map(String.init)
        let file = scratch("disk.\(parts[0])")
        let options = parts.count > 1 ? ["-o", "subformat=\(parts[1])"] : []
        try runner.run(
            .init(
                .init("qemu-img", package: "qemu-utils", for: "tests"),
                ["convert", "-f", "raw", "-O", parts[0]] + options + [try disk().string, file.string]))
        let error = try refused(file)
        let name = try #require(ForeignFormat(rawValue: parts[0])).words
        #expect(error.message == "the disk \(file) cannot be used: it is \(name)")
        #expect(error.hint?.contains("--convert") == true)
        let before = try SHA256Digest(of: file)
        #expect(try take(file, convert: true).origin.sha256 == before)
        #expect(try hostname() == "hello")
        #expect(try SHA256Digest(of: file) == before)
    }

    private static let packers = ["xz": ".xz", "gzip": ".gz", "zstd": ".zst", "bzip2": ".bz2", "lz4": ".lz4"]

    @Test(
        "a compressed disk is called that, and unpacked with --convert: raw and qcow2, holes stay holes",
        arguments: packers.keys.sorted(), ["raw", "qcow2"])
    func packed(program: String, format: String) throws {
        var file = try disk()
        if format == "qcow2" {
            try tool("qemu-img", "convert", "-f", "raw", "-O", "qcow2", file.string, scratch("disk.qcow2").string)
            file = scratch("disk.qcow2")
        }
        let target = FilePath("\(file)\(Self.packers[program] ?? "")")
        // lz4(1) writes to its standard output where that is no terminal, unless several files may come.
        try tool(program, program == "lz4" ? "-kfm" : "-kf", file.string)
        #expect(try refused(target).message.contains("it is compressed (\(program))"))
        var names: Set<String> = []
        try take(target, convert: true) { names.formUnion($0.map(\.name)) }
        #expect(try hostname() == "hello")
        #expect(names.contains(target.lastComponent?.string ?? ""))
        #expect(Files.sizeOnDisk(store.image("image").disk) < 4 << 20)
    }

    @Test("a compressed disk that is cut off is damage, and one in it that devbox does not take is called by its name")
    func packedBadly() throws {
        let file = try disk()
        try tool("xz", "-kf", file.string)
        let whole = try Files.read(scratch("disk.raw.xz"))
        try Files.writeAtomically(Array(whole.prefix(whole.count / 2)), to: scratch("cut.xz"))
        #expect(try refused(scratch("cut.xz"), convert: true).message.contains("cut.xz"))
        try scratch.write("no disk", to: "text")
        try tool("gzip", "-kf", scratch("text").string)
        #expect(try refused(scratch("text.gz"), convert: true).message.contains("text.gz (gzip) is damaged"))
    }

    @Test(
        "a tar archive with one disk in it, an OVA say, is unpacked; one with several is refused by their names",
        arguments: ["", "z", "J"])
    func archive(compression: String) throws {
        let file = try disk()
        try tool(
            "qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=streamOptimized", file.string,
            scratch("a.vmdk").string)
        try tool("qemu-img", "resize", "-f", "raw", file.string, "32M")
        try scratch.write("<Envelope/>", to: "a.ovf")
        let archive = scratch("appliance.ova")
        try tool("tar", "-c\(compression)f", archive.string, "-C", scratch.path.string, "a.ovf", "a.vmdk")
        #expect(try refused(archive).message.contains("it is a tar archive"))
        try take(archive, convert: true)
        #expect(try hostname() == "hello")
        // As clouds have it: a sparse file.
        try tool("tar", "-c\(compression)Sf", archive.string, "-C", scratch.path.string, "disk.raw")
        try take(archive, as: "sparse", convert: true)
        #expect(try hostname("sparse") == "hello" && store.load("sparse").disk.virtualSize == 32 << 20)
        try tool("cp", scratch("a.vmdk").string, scratch("b.vmdk").string)
        try tool("truncate", "-s", "2M", scratch("a.vmdk").string, scratch("b.vmdk").string)
        try tool("tar", "-c\(compression)f", archive.string, "-C", scratch.path.string, "a.vmdk", "b.vmdk")
        let error = try #require(reported { try take(archive, as: "two", convert: true) })
        #expect(
            error.exitCode == .badInput && error.message.hasSuffix("several disks: a.vmdk, b.vmdk"), "\(error.message)")
    }

    @Test(
        "a tar archive with the files of a root file system becomes a disk, whatever the order in it",
        arguments: [".", "etc bin"])
    func root(members: String) throws {
        let files = try files()
        let archive = scratch("root.tar.xz")
        try runner.run(
            .init(
                .init("tar", package: "tar", for: "tests"),
                ["--owner=0", "--group=0", "-cJf", archive.string, "-C", files.string]
                    + members.split(separator: " ").map(String.init)))
        let record = try take(archive, convert: true)
        #expect(try hostname() == "hello" && record.root.partition == nil && record.disk.virtualSize >= 8 << 30)
        #expect(Files.sizeOnDisk(store.image("image").disk) < 32 << 20)
        // Folders that are not in it are made.
        try tool(
            "tar", "-cf", scratch("bare.tar").string, "-C", files.string, "etc/os-release", "bin/sh",
            "etc/hostname")
        try take(scratch("bare.tar"), as: "bare", convert: true)
        #expect(try hostname("bare") == "hello")
        // Incus' and LXD's have the root in a folder, beside a text; a hard link is told with that folder.
        try tool("mkdir", scratch("incus").string)
        try tool("cp", "-a", files.string, scratch("incus/rootfs").string)
        try tool("ln", scratch("incus/rootfs/etc/hostname").string, scratch("incus/rootfs/etc/other").string)
        try scratch.write("architecture: x86_64\n", to: "incus/metadata.yaml")
        try tool("tar", "-cJf", scratch("incus.tar.xz").string, "-C", scratch("incus").string, ".")
        let unified = try take(scratch("incus.tar.xz"), as: "incus", convert: true)
        let disk = try Qcow2Reader(store.image("incus").disk)
        #expect(try unified.root.open(on: disk, name: "incus").text("/etc/other") == "hello")
        #expect(try unified.root.open(on: disk, name: "incus").find("/metadata.yaml") == nil)
        try tool("tar", "-cf", scratch("other.tar").string, "-C", files.string, "etc/hostname")
        let error = try #require(reported { try take(scratch("other.tar"), as: "other", convert: true) })
        #expect(error.message.contains("neither a disk nor a root file system"), "\(error.message)")
    }

    @Test("of a path that is twice in a tar the last one counts, and what lies behind a link lies where that leads")
    func twice() throws {
        let files = try files()
        for name in ["usr/lib", "opt"] { try Files.makeDirectory(scratch("files").pushing(FilePath(name))) }
        try tool("ln", "-s", "usr/lib", scratch("files/lib").string)
        try tool("ln", "-s", "hostname", scratch("files/etc/name").string)
        try tool("ln", scratch("files/etc/hostname").string, scratch("files/etc/same").string)
        let archive = scratch("twice.tar").string
        try tool("tar", "--owner=0", "--group=0", "--sort=name", "-cf", archive, "-C", files.string, ".")
        try scratch.write("again", to: "more/etc/hostname")
        try scratch.write("no link", to: "more/etc/name")
        try scratch.write("behind", to: "more/lib/x")
        try scratch.write("a file", to: "more/usr/lib/y")
        try tool("tar", "-rf", archive, "-C", scratch("more").string, "etc/hostname", "etc/name", "lib", "usr/lib/y")
        try scratch.write("a file again", to: "more/lib/y")
        try tool("tar", "-rf", archive, "-C", scratch("more").string, "lib/y")

        try take(FilePath(archive), convert: true)
        #expect(try hostname() == "again")
        let root = try Ext4FileSystem(on: Qcow2Reader(store.image("image").disk), disk: "image")
        #expect(try root.text("/etc/same") == "hello" && root.text("/etc/name") == "no link")
        #expect(try root.text("/usr/lib/x") == "behind" && root.text("/lib/y") == "a file again")
        let etc = try #require(try root.find("/etc"))
        #expect(try root.names(in: etc) == ["hostname", "name", "os-release", "same"])
        let raw = scratch("check.raw")
        try tool("qemu-img", "convert", "-f", "qcow2", "-O", "raw", store.image("image").disk.string, raw.string)
        try tool("e2fsck", "-fn", raw.string)
    }

    @Test(
        "a tar that has a file in the place of a folder, or something below a file or below links without an end, is refused by the name",
        arguments: [
            ("opt", "is a folder already"), ("etc/hostname/x", "lies below what is no folder"),
            ("loop/x", "lies behind links that lead nowhere"),
        ])
    func contradiction(path: String, words: String) throws {
        let files = try files()
        try Files.makeDirectory(scratch("files/opt"))
        try tool("ln", "-s", "loop", scratch("files/loop").string)
        let archive = scratch("bad.tar")
        try tool("tar", "-cf", archive.string, "-C", files.string, ".")
        try scratch.write("x", to: "more/\(path)")
        try tool("tar", "-rf", archive.string, "-C", scratch("more").string, path)
        #expect(try refused(archive, convert: true).message.contains("a member \(path) that \(words)"))
    }

    @Test("what an archive holds before its disk is passed over under the eyes of the watch")
    func passing() throws {
        try tool("truncate", "-s", "64M", scratch("big").string)
        try tool("cp", try disk().string, scratch("a.img").string)
        try tool("tar", "-cJf", scratch("a.tar.xz").string, "-C", scratch.path.string, "big", "a.img")
        nonisolated(unsafe) var steps = 0
        let watch = DiskWatch(runner: runner, folder: scratch.path, name: "a", progress: { _ in steps += 1 })
        let content = try DiskArchive(path: scratch("a.tar.xz"), name: "a", watch: watch).content()
        #expect(content == .disk("a.img") && steps > 64)
    }

    @Test(
        "the host's disk is never filled: where no room may be taken, nothing is made and nothing stays",
        arguments: ["raw", "xz", "tar"])
    func room(kind: String) throws {
        var file = try disk()
        if kind == "xz" {
            try tool("xz", "-kf", file.string)
            file = scratch("disk.raw.xz")
        } else if kind == "tar" {
            file = scratch("root.tar")
            try tool("tar", "-cf", file.string, "-C", try files().string, ".")
        }
        let error = try #require(reported { try take(file, convert: true, reserve: 1 << 60) })
        #expect(error.exitCode == .failure && error.message.contains("too little room"), "\(error.message)")
        #expect(try Files.list(store.work.images).allSatisfy { !$0.hasPrefix(".new") })
    }

    @Test(
        "where a disk refers to others, the hint leads to a disk that is taken",
        arguments: ["data file", "absolute", "protocol", "vmdk flat"])
    func references(kind: String) throws {
        let base = try disk()
        let top = scratch("top.qcow2")
        switch kind {
        case "data file":
            try tool(
                "qemu-img", "convert", "-f", "raw", "-O", "qcow2", "-o",
                "data_file=\(scratch("data.raw")),data_file_raw=on",
                base.string, top.string)
        case "absolute": try tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", base.string, "-F", "raw", top.string)
        case "protocol":
            try tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", "file:\(base)", "-F", "raw", top.string)
        default:
            try tool(
                "qemu-img", "convert", "-f", "raw", "-O", "vmdk", "-o", "subformat=monolithicFlat", base.string,
                top.string)
        }
        for flatten in [false, true] {
            let error = try refused(top, flatten: flatten, convert: kind.hasPrefix("vmdk"))
            #expect(error.message.contains("refers to another file"), "\(error.message)")
            let hint = try #require(error.hint)
            #expect(!hint.contains("--flatten"))
            // What stands between the backticks is done.
            let words = try #require(hint.split(separator: "`").dropFirst().first).split(separator: " ").map(
                String.init)
            let made = scratch("new.qcow2")
            try runner.run(
                .init(
                    .init(words[0], package: "?", for: "tests"),
                    words.dropFirst().map { ["DISK": top.string, "NEW.qcow2": made.string][$0] ?? $0 }))
            try take(made, as: flatten ? "b" : "a")
            #expect(try hostname(flatten ? "b" : "a") == "hello")
            try tool("rm", "-rf", store.image(flatten ? "b" : "a").path.string)
        }
    }

    @Test("a backing file that lies beside the disk still leads to --flatten, and one of another format is named")
    func flatten() throws {
        _ = try disk("base.raw")
        try tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.raw", "-F", "raw", scratch("top.qcow2").string)
        #expect(try refused(scratch("top.qcow2")).hint?.contains("--flatten") == true)
        try tool("tar", "-czf", scratch("top.tar.gz").string, "-C", scratch.path.string, "top.qcow2")
        for flatten in [false, true] {
            let packed = try refused(scratch("top.tar.gz"), flatten: flatten, convert: true)
            #expect(packed.hint?.hasPrefix("unpack both first; ") == true && packed.hint?.contains("--flatten") == true)
        }
        try take(scratch("top.qcow2"), flatten: true)
        #expect(try hostname() == "hello")
        try tool(
            "qemu-img", "convert", "-f", "raw", "-O", "vdi", scratch("base.raw").string, scratch("base.vdi").string)
        try tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.vdi", "-F", "vdi", scratch("top.qcow2").string)
        let error = try #require(reported { try take(scratch("top.qcow2"), as: "other", flatten: true) })
        #expect(error.message.contains("its backing file base.vdi is a VDI disk"), "\(error.message)")
        #expect(error.hint?.contains("qemu-img convert") == true)
    }

    @Test(
        "a root that is not ext4 is called what it is",
        arguments: [
            ("it is xfs", [0: "XFSB"]), ("it is btrfs", [0x10040: "_BHRfS_M"]),
            ("it is an LVM2 physical volume", [512: "LABELONE", 536: "LVM2 001"]), ("", [:]),
        ] as [(String, [Int: String])])
    func otherRoots(words: String, marks: [Int: String]) throws {
        var bytes = [UInt8](repeating: 0, count: 2 << 20)
        for (offset, text) in marks { bytes.replaceSubrange(offset..<(offset + text.utf8.count), with: text.utf8) }
        try Files.writeAtomically(bytes, to: scratch("other.raw"))
        let error = try refused(scratch("other.raw"))
        #expect(
            error.message.hasSuffix("no ext4 root file system is on it" + (words.isEmpty ? "" : ": \(words)")),
            "\(error.message)")
    }

    @Test("an ext4 disk that has no operating system on it, and one that is damaged, are told apart")
    func noSystem() throws {
        try tool("mke2fs", "-q", "-F", "-t", "ext4", scratch("empty.raw").string, "8M")
        #expect(try refused(scratch("empty.raw")).message.contains("it is ext4 without an operating system"))
        let file = try disk()
        var bytes = try Files.read(file, limit: 1 << 30)
        for index in 0x400..<0x420 { bytes[index] = 0xFF }
        try Files.writeAtomically(bytes, to: file)
        #expect(try refused(file).message.contains("it is ext4 and damaged"))
    }

    @Test(
        "ext4 with multi-mount protection is taken without it, also where its machine was not shut down",
        arguments: [true, false])
    func protected(wasShutDown: Bool) throws {
        let file = try disk(options: ["-O", "mmp"])
        if !wasShutDown {
            // As a mounted one has it: a sequence number in its block, which a second machine waits for.
            let text = try tool("dumpe2fs", "-h", file.string)
            let line = try #require(text.split(separator: "\n").first { $0.hasPrefix("MMP block number") })
            let block = try #require(Int(line.split(separator: " ").last ?? ""))
            let size = try #require(
                text.split(separator: "\n").first { $0.hasPrefix("Block size") }?.split(separator: " ").last.flatMap {
                    Int($0)
                })
            var bytes = try Files.read(file, limit: 1 << 30)
            bytes.replaceSubrange((block * size + 4)..<(block * size + 8), with: [1, 2, 3, 4])
            try Files.writeAtomically(bytes, to: file)
        }
        try take(file)
        #expect(try hostname() == "hello")
        let raw = scratch("check.raw")
        try tool("qemu-img", "convert", "-f", "qcow2", "-O", "raw", store.image("image").disk.string, raw.string)
        #expect(try !tool("dumpe2fs", "-h", raw.string).lowercased().contains("mmp"))
        try tool("e2fsck", "-fn", raw.string)
    }

    @Test("a disk with sectors of 4096 bytes is taken, and its record says so")
    func sectors() throws {
        let root = try disk(size: "16M")
        let raw = scratch("gpt.raw")
        try tool("truncate", "-s", "20M", raw.string)
        try tool("dd", "if=\(root)", "of=\(raw)", "bs=1M", "seek=1", "conv=notrunc", "status=none")
        func bytes(_ number: Int, _ count: Int) -> [UInt8] {
            (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
        }
        let parts: [Int: [UInt8]] = [
            510: [0x55, 0xAA], 450: [0xEE], 454: bytes(1, 4), 458: bytes(5119, 4), 4096: Array("EFI PART".utf8),
            4168: bytes(2, 8), 4176: bytes(4, 4), 4180: bytes(128, 4), 8192: [UInt8](repeating: 7, count: 16),
            8224: bytes(256, 8), 8232: bytes(256 + 4095, 8),
        ]
        var content = try Files.read(raw, limit: 1 << 30)
        for (offset, part) in parts { content.replaceSubrange(offset..<(offset + part.count), with: part) }
        try Files.writeAtomically(content, to: raw)
        let record = try take(raw)
        #expect(record.root.sectorSize == 4096 && record.root.partition?.offset == 1 << 20)
        #expect(try hostname() == "hello")
        #expect(try store.load("image").root.sectorSize == 4096)
    }

    @Test("a file system that is larger than its partition, which no kernel mounts, is damage")
    func tooLarge() throws {
        let raw = scratch("mbr.raw")
        let root = try disk(size: "16M")
        try tool("truncate", "-s", "20M", raw.string)
        try tool("dd", "if=\(root)", "of=\(raw)", "bs=1M", "seek=1", "conv=notrunc", "status=none")
        try tool("sfdisk", "-q", raw.string, input: "label: dos\nstart=2048, size=30720, type=83\n")
        #expect(try refused(raw).message.contains("larger than what it is on"))
        try tool("sfdisk", "-q", raw.string, input: "label: dos\nstart=2048, size=32768, type=83\n")
        try take(raw)
        #expect(try hostname() == "hello")
    }

    @Test("how far qemu-img is, as it tells it")
    func percent() {
        #expect(DiskWatch.part(in: Array("    (0.00/100%)\r    (12.50/100%)\r".utf8)) == 0.125)
        #expect(DiskWatch.part(in: Array("    (100.00/100%)\r\n".utf8)) == 1)
        #expect(DiskWatch.part(in: Array("qemu-img: x".utf8)) == nil)
    }
}
