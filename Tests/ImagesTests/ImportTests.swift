import DevboxCore
import Disks
import HostTools
@testable import Images
import SystemPackage
import Templates
import TestSupport
import Testing

@Suite("Disks from elsewhere", .timeLimit(.minutes(10)))
struct ImportTests: ImportBed {
    let scratch: ScratchDirectory
    let store: ImageStore

    init() throws {
        scratch = try ScratchDirectory()
        store = ImageStore(try WorkDirectory(given: scratch("work").string, environment: [:]))
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
