import DevboxCore
@testable import Disks
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Overlays, as QEMU sees them", .timeLimit(.minutes(10)))
struct OverlayTests {
    private let files: Qcow2Files
    init() throws { files = try Qcow2Files() }

    private static let mebibyte: Int64 = 1 << 20
    // Sectors of 512 bytes are all that QEMU asks of a disk's size.
    private static let sizes: [Int64] = [
        512, 4096, 65_536, 65_536 + 512, 5 * mebibyte - 512, 33 * mebibyte + 3584, 520 * mebibyte + 512,
    ]

    @Test("random writes give the same bytes as on a raw disk, for disks of any size", arguments: sizes)
    func randomWrites(size: Int64) throws {
        let raw = try files.raw("raw", size: size)
        let base = try files.qcow2("base.qcow2", from: raw)
        let overlay = OverlayDevice(over: try Qcow2Reader(base))
        let copy = try FileDevice(raw, writable: true)
        var random = TestRandom(seed: UInt64(size))
        for _ in 0..<60 {
            let bytes = random.bytes(Int.random(in: 1...min(30_000, Int(size)), using: &random))
            let at = Int64.random(in: 0...(size - Int64(bytes.count)), using: &random)
            try overlay.put(bytes, at: at)
            try copy.put(bytes, at: at)
            #expect(try overlay.bytes(at: at, count: bytes.count) == bytes)
        }
        try overlay.save(to: files.scratch("top.qcow2"), backingName: "base.qcow2")
        try files.check(files.scratch("top.qcow2"))
        try files.compare(files.scratch("top.qcow2"), with: raw)
        #expect(try files.same(overlay, as: raw))
        #expect(try files.same(Qcow2Reader(files.scratch("top.qcow2")), as: raw))
    }

    @Test("a clone's overlay holds only the clusters that were changed")
    func thin() throws {
        let base = try files.qcow2("base.qcow2", from: files.raw("raw", size: 8 << 20))
        let overlay = OverlayDevice(over: try Qcow2Reader(base))
        let same = try overlay.bytes(at: 1 << 20, count: 300_000)
        try overlay.put(same, at: 1 << 20)
        try overlay.put([1, 2, 3], at: 7 << 20)
        // Changed and changed back.
        try overlay.put([9], at: 5)
        try overlay.put(Qcow2Reader(base).bytes(at: 5, count: 1), at: 5)
        try overlay.save(to: files.scratch("top.qcow2"), backingName: "base.qcow2")
        let map = try tool("qemu-img", "map", "-f", "qcow2", "--output=json", files.scratch("top.qcow2").string)
        let own = try #require(RecordFile.decode(JSONValue.self, from: map.utf8).array).filter {
            $0["depth"]?.integer == 0
        }
        #expect(own.compactMap { $0["start"]?.integer } == [7 << 20])
        #expect(own.compactMap { $0["length"]?.integer } == [65_536])
    }

    @Test("an empty overlay is a sound disk with the base's content")
    func empty() throws {
        let raw = try files.raw("raw", size: 3 << 20)
        let base = try files.qcow2("base.qcow2", from: raw)
        let top = files.scratch("top.qcow2")
        try OverlayDevice(over: Qcow2Reader(base)).save(to: top, backingName: "base.qcow2")
        try files.check(top)
        try files.compare(top, with: raw)
        #expect(try Files.status(top).st_size <= 5 * 65_536)
    }

    @Test("overlays stand on overlays, by names relative to their own folders, also after the folder was moved")
    func stacked() throws {
        let raw = try files.raw("raw", size: (6 << 20) + 512)
        for folder in ["w/images/a", "w/guests/a", "w/guests/b"] { try Files.makeDirectory(files.scratch(folder)) }
        var below = try files.qcow2("w/images/a/disk.qcow2", from: raw)
        let copy = try FileDevice(raw, writable: true)
        for (number, (path, name)) in [
            ("w/guests/a/disk.qcow2", "../../images/a/disk.qcow2"), ("w/guests/b/disk.qcow2", "../a/disk.qcow2"),
        ].enumerated() {
            let overlay = OverlayDevice(over: try Qcow2Reader(below))
            let bytes = [UInt8](repeating: UInt8(number + 1), count: 100_000)
            try overlay.put(bytes, at: Int64(number) * 50_000)
            try copy.put(bytes, at: Int64(number) * 50_000)
            below = files.scratch(path)
            try overlay.save(to: below, backingName: name)
        }
        try Files.rename(files.scratch("w"), to: files.scratch("moved"))
        let top = files.scratch("moved/guests/b/disk.qcow2")
        try files.check(top)
        try files.compare(top, with: raw)
        #expect(try files.same(Qcow2Reader(top), as: raw))
    }

    @Test("QEMU writes into an overlay that devbox made, and devbox reads it back")
    func writtenByQEMU() throws {
        let raw = try files.raw("raw", size: 520 << 20)
        let base = try files.qcow2("base.qcow2", from: raw)
        let overlay = OverlayDevice(over: try Qcow2Reader(base))
        try overlay.put([1, 2, 3], at: 519 << 20)
        let top = files.scratch("top.qcow2")
        try overlay.save(to: top, backingName: "base.qcow2")
        for change in ["write -P 7 1000k 300k", "write -z 519M 64k", "write -P 9 515M 1k", "discard 0 64k"] {
            try tool("qemu-io", "-f", "qcow2", "-c", change, top.string)
        }
        try files.check(top)
        let reader = try Qcow2Reader(top)
        #expect(try reader.bytes(at: 1000 << 10, count: 300 << 10).allSatisfy { $0 == 7 })
        #expect(try reader.bytes(at: 519 << 20, count: 64 << 10).allSatisfy { $0 == 0 })
        #expect(try reader.bytes(at: 515 << 20, count: 1 << 10).allSatisfy { $0 == 9 })
        try tool("qemu-img", "convert", "-f", "qcow2", "-O", "raw", top.string, files.scratch("flat").string)
        #expect(try files.same(reader, as: files.scratch("flat")))
    }

    @Test("an overlay is not made over a file that is there, and one that cannot be written is an error")
    func noOverwrite() throws {
        let base = try files.qcow2("base.qcow2", from: files.raw("raw", size: 1 << 20))
        let overlay = OverlayDevice(over: try Qcow2Reader(base))
        let error = reported { try overlay.save(to: base, backingName: "x") }
        #expect(error?.exitCode == .exists)
        let unwritable = reported { try overlay.save(to: "/dev/null/x", backingName: "x") }
        #expect(unwritable?.message.contains("/dev/null/x") == true)
        try files.check(base)
    }

    @Test(
        "writes behind the disk's end are errors, wherever they are said to be",
        arguments: [
            Int64(1 << 20), (1 << 20) - 1, -1, .max, .min,
        ])
    func outOfBounds(offset: Int64) throws {
        let base = try files.qcow2("base.qcow2", from: files.raw("raw", size: 1 << 20))
        let overlay = OverlayDevice(over: try Qcow2Reader(base))
        #expect(reported { try overlay.put([1, 2], at: offset) }?.exitCode == .badInput)
        #expect(reported { _ = try overlay.bytes(at: offset, count: 2) }?.exitCode == .badInput)
        let part = try PartitionDevice(of: overlay, at: DiskExtent(offset: 4096, size: 8192))
        #expect(reported { try part.put([1, 2], at: offset) }?.exitCode == .badInput)
        #expect(reported { _ = try part.bytes(at: offset, count: 2) }?.exitCode == .badInput)
    }
}

@Suite("Partitions")
struct PartitionTests {
    private final class Memory: BlockDevice {
        var content: [UInt8]
        var size: Int64 { Int64(content.count) }
        init(_ count: Int) { content = .init(repeating: 0, count: count) }
        func read(at offset: Int64, into buffer: UnsafeMutableRawBufferPointer) {
            buffer.copyBytes(from: content[Int(offset)..<Int(offset) + buffer.count])
        }
        func write(at offset: Int64, from buffer: UnsafeRawBufferPointer) {
            content.replaceSubrange(Int(offset)..<Int(offset) + buffer.count, with: buffer)
        }
        func flush() {}
    }

    @Test("a partition is a window onto the disk, and nothing outside of it is reached")
    func window() throws {
        let disk = Memory(100)
        let part = try PartitionDevice(of: disk, at: DiskExtent(offset: 10, size: 20))
        #expect(part.size == 20)
        try part.put([1, 2], at: 18)
        #expect(disk.content[28...29] == [1, 2])
        #expect(throws: DiskError.self) { try part.put([1, 2], at: 19) }
        #expect(throws: DiskError.self) { _ = try part.bytes(at: -1, count: 1) }
        #expect(disk.content[30] == 0)
    }

    @Test(
        "a partition that a hostile table puts outside of the disk is bad input",
        arguments: [
            DiskExtent(offset: 90, size: 11), DiskExtent(offset: -1, size: 5), DiskExtent(offset: 0, size: 0),
            DiskExtent(offset: .max, size: .max), DiskExtent(offset: 10, size: -1), DiskExtent(offset: 1, size: .max),
        ])
    func outside(extent: DiskExtent) {
        let error = reported { _ = try PartitionDevice(of: Memory(100), at: extent) }
        #expect(error?.exitCode == .badInput)
    }
}
