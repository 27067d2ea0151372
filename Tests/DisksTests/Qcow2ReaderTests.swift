import DevboxCore
@testable import Disks
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Reading qcow2 files that qemu-img made", .timeLimit(.minutes(10)))
struct Qcow2ReaderTests {
    private let files: Qcow2Files
    init() throws { files = try Qcow2Files() }

    @Test(
        "any cluster size and version reads as QEMU reads it",
        arguments: [
            "cluster_size=512", "cluster_size=4k", "cluster_size=64k", "cluster_size=2M", "compat=0.10",
            "lazy_refcounts=on",
            "preallocation=metadata",
        ])
    func variants(option: String) throws {
        let raw = try files.raw("raw", size: (17 << 20) + 512)
        let disk = try files.qcow2("disk.qcow2", from: raw, "-o", option)
        #expect(try files.same(Qcow2Reader(disk), as: raw))
    }

    @Test("zero clusters hide what is below them, and snapshots do not matter to the present state")
    func zeroesAndSnapshots() throws {
        let raw = try files.raw("raw", size: 4 << 20, stretches: 80)
        _ = try files.qcow2("base.qcow2", from: raw)
        let top = files.scratch("top.qcow2")
        try tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", top.string)
        try tool("qemu-io", "-f", "qcow2", "-c", "write -P 5 0 1M", top.string)
        try tool("qemu-img", "snapshot", "-c", "s1", top.string)
        try tool("qemu-io", "-f", "qcow2", "-c", "write -z 512k 1M", "-c", "write -P 6 2M 5k", top.string)
        try tool("qemu-img", "convert", "-f", "qcow2", "-O", "raw", top.string, files.scratch("flat").string)
        let reader = try Qcow2Reader(top)
        #expect(reader.header.snapshotCount == 1)
        #expect(try files.same(reader, as: files.scratch("flat")))
    }

    @Test("an overlay that is larger than its base has zeroes behind the base's end")
    func grown() throws {
        let raw = try files.raw("raw", size: (1 << 20) + 512, stretches: 60)
        _ = try files.qcow2("base.qcow2", from: raw)
        let top = files.scratch("top.qcow2")
        try tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", "base.qcow2", "-F", "qcow2", top.string, "3M")
        try tool("qemu-img", "convert", "-f", "qcow2", "-O", "raw", top.string, files.scratch("flat").string)
        #expect(try files.same(Qcow2Reader(top), as: files.scratch("flat")))
    }

    private func refusal(_ disk: FilePath) -> (any ReportableError)? {
        reported {
            let reader = try Qcow2Reader(disk)
            for at in stride(from: 0, to: reader.size, by: 1 << 16) { _ = try reader.bytes(at: at, count: 512) }
        }
    }

    @Test("compressed, encrypted and data-file disks are refused with what to do")
    func unsupported() throws {
        let raw = try files.raw("raw", size: 1 << 20, stretches: 60)
        let compressed = try files.qcow2("c.qcow2", from: raw, "-c")
        #expect(refusal(compressed)?.message == "the disk \(compressed) cannot be used: it is compressed")
        #expect(refusal(compressed)?.exitCode == .badInput)
        let zstd = try files.qcow2("z.qcow2", from: raw, "-c", "-o", "compression_type=zstd")
        #expect(refusal(zstd)?.hint?.contains("qemu-img convert") == true)
        let data = files.scratch("d.qcow2")
        try tool(
            "qemu-img", "create", "-q", "-f", "qcow2", "-o", "data_file=\(files.scratch("d.raw"))", data.string, "1M")
        #expect(try Qcow2Header.read(data)?.dataFile == files.scratch("d.raw").string)
        #expect(refusal(data)?.exitCode == .badInput)
        // 2 is LUKS. qemu-img cannot make one on a busy host: it measures how fast the host is, and gives up.
        let luks = try files.qcow2("l.qcow2", from: raw)
        try patch(luks, at: 32, bigEndian(UInt32(2)))
        #expect(refusal(luks)?.message == "the disk \(luks) cannot be used: it is encrypted")
        let extended = try files.qcow2("e.qcow2", from: raw, "-o", "extended_l2=on,cluster_size=64k")
        #expect(refusal(extended)?.exitCode == .badInput)
    }

    @Test("a backing file that is not said to be qcow2 is refused")
    func rawBacking() throws {
        let raw = try files.raw("raw", size: 1 << 20)
        let top = files.scratch("top.qcow2")
        try tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", raw.string, "-F", "raw", top.string)
        #expect(refusal(top)?.exitCode == .badInput)
    }

    @Test(
        "a truncated disk is bad input wherever it is cut off",
        arguments: [3, 50, 80, 70_000, 200_000, 262_144, 400_000])
    func truncated(length: Int) throws {
        let raw = try files.raw("raw", size: 2 << 20, stretches: 200)
        let disk = try files.qcow2("disk.qcow2", from: raw)
        let size = try Files.status(disk).st_size
        #expect(size > length)
        truncate(disk.string, off_t(length))
        #expect(refusal(disk)?.exitCode == .badInput)
    }

    @Test("a disk that is cut off by a single cluster is noticed")
    func lastClusterGone() throws {
        let raw = files.scratch("raw")
        try Files.writeAtomically([UInt8](repeating: 1, count: 1 << 20), to: raw)
        let disk = try files.qcow2("disk.qcow2", from: raw)
        truncate(disk.string, off_t(try Files.status(disk).st_size - 65_536))
        #expect(refusal(disk)?.exitCode == .badInput)
    }

    @Test(
        "an L1 table out of bounds is bad input",
        arguments: [UInt64(1) << 40, UInt64(Int64.max), .max, UInt64(1) << 63])
    func l1OutOfBounds(offset: UInt64) throws {
        let disk = try files.qcow2("disk.qcow2", from: files.raw("raw", size: 1 << 20))
        try patch(disk, at: 40, bigEndian(offset))
        #expect(refusal(disk)?.exitCode == .badInput)
    }

    @Test("a disk larger than its L1 table reaches is bad input")
    func tooLarge() throws {
        let disk = try files.qcow2("disk.qcow2", from: files.raw("raw", size: 1 << 20))
        try patch(disk, at: 24, bigEndian(UInt64(2) << 30))
        #expect(refusal(disk)?.exitCode == .badInput)
    }

    @Test("backing files that go round in a loop end in an error")
    func loop() throws {
        _ = try files.qcow2("a.qcow2", from: files.raw("raw", size: 1 << 20))
        let b = files.scratch("b.qcow2")
        try tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", "a.qcow2", "-F", "qcow2", b.string)
        try Files.remove(files.scratch("a.qcow2"))
        try tool(
            "qemu-img", "create", "-q", "-u", "-f", "qcow2", "-b", "b.qcow2", "-F", "qcow2",
            files.scratch("a.qcow2").string, "1M")
        #expect(refusal(b)?.exitCode == .badInput)
    }

    @Test("a backing file that is gone is not found, and named")
    func missingBacking() throws {
        let base = try files.qcow2("a.qcow2", from: files.raw("raw", size: 1 << 20))
        let b = files.scratch("b.qcow2")
        try tool("qemu-img", "create", "-q", "-f", "qcow2", "-b", "a.qcow2", "-F", "qcow2", b.string)
        try Files.remove(base)
        #expect(refusal(b)?.exitCode == .notFound)
        #expect(refusal(b)?.message.contains("a.qcow2") == true)
    }

    @Test("what is no qcow2 file is bad input")
    func notQcow2() throws {
        #expect(refusal(try files.scratch.write("hello, this is text", to: "t"))?.exitCode == .badInput)
        #expect(refusal(try files.scratch.write("", to: "e"))?.exitCode == .badInput)
    }
}
