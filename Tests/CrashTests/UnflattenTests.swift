import Crash
import DevboxCore
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("Receiving dumps")
struct UnflattenTests {
    let scratch: ScratchDirectory

    init() throws { scratch = try ScratchDirectory() }

    /// What makedumpfile writes to a pipe: a header of 4096 bytes, and records.
    private func flat(_ records: [(offset: Int64, bytes: [UInt8])], ended: Bool = true) -> [UInt8] {
        var result = Array("makedumpfile".utf8) + [0, 0, 0, 0] + bigEndian(Int64(1)) + bigEndian(Int64(1))
        result += [UInt8](repeating: 0, count: 4096 - result.count)
        for (offset, bytes) in records { result += bigEndian(offset) + bigEndian(Int64(bytes.count)) + bytes }
        return result + (ended ? bigEndian(Int64(-1)) + bigEndian(Int64(-1)) : [])
    }

    /// Receives a stream in chunks of a size.
    ///
    /// - Returns: what came of it, and what is missing.
    private func receive(_ stream: [UInt8], chunk: Int = 1 << 20) throws -> (
        bytes: [UInt8], defect: String?, disk: Int64
    ) {
        let path = scratch("received")
        try Files.remove(path)
        let file = try Files.open(path, .readWrite, [.create, .exclusiveCreate])
        defer { try? file.close() }
        var receiver = DumpReceiver(file, name: "the file", size: Int64(stream.count))
        for start in Swift.stride(from: 0, to: stream.count, by: chunk) {
            try stream[start..<min(stream.count, start + chunk)].withUnsafeBytes { try receiver.take($0) }
        }
        let defect = try receiver.finish()
        fsync(file.rawValue)
        return (try Files.read(path, limit: 64 << 20), defect, Int64(try Files.status(path).st_blocks) * 512)
    }

    @Test(
        "records out of order, and written over, give the file that they stand for", arguments: [1, 7, 4096, 1 << 20])
    func records(chunk: Int) throws {
        let dump = try FixtureDump.bytes("kdump.zlib")
        // As makedumpfile does it: the header first and once more at the end, the pages before their descriptors.
        let stream = flat([
            (0, [UInt8](repeating: 0xAA, count: 4096)), (40_000, Array(dump[40_000...])),
            (4096, Array(dump[4096..<40_000])), (0, Array(dump[0..<4096])),
        ])
        let received = try receive(stream, chunk: chunk)
        #expect(received.bytes == dump)
        #expect(received.defect == nil)
    }

    @Test("a block that is written once more as zeroes is zero")
    func rewritten() throws {
        let received = try receive(
            flat([(0, [UInt8](repeating: 7, count: 8192)), (0, [UInt8](repeating: 0, count: 4096))]))
        #expect(received.bytes == [UInt8](repeating: 0, count: 4096) + [UInt8](repeating: 7, count: 4096))
    }

    @Test("a hole in the stream makes zeroes of what was written before, as zeroes in it do")
    func hole() throws {
        let path = scratch("received")
        let file = try Files.open(path, .readWrite, [.create, .exclusiveCreate])
        defer { try? file.close() }
        let stream = flat([(0, [UInt8](repeating: 7, count: 12_288)), (4096, [])], ended: false).dropLast(8)
        var receiver = DumpReceiver(file, name: "the file", size: 1 << 20)
        for chunk in [Array(stream) + bigEndian(Int64(8192)), bigEndian(Int64(-1)) + bigEndian(Int64(-1))] {
            try chunk.withUnsafeBytes { try receiver.take($0) }
            if receiver.received < 24_576 { try receiver.skip(8192) }
        }
        #expect(try receiver.finish() == nil)
        #expect(
            try Files.read(path) == [UInt8](repeating: 7, count: 4096) + [UInt8](repeating: 0, count: 8192))
        // A small file that asks for it over and over does not fill the host's disk.
        #expect(try Files.status(path).st_blocks <= 8)
    }

    @Test("a real flattened dump that is cut off is told to be")
    func realCutOff() throws {
        let received = try receive(FixtureDump.bytes("cut-off.flat"))
        #expect(received.defect == "it is cut off: the flattened stream has no end")
        #expect(received.bytes.starts(with: Array("KDUMP   ".utf8)))
    }

    @Test("a stream without its end is cut off, wherever it ends", arguments: [4095, 4096, 4100, 4112, 4120])
    func cutOff(size: Int) throws {
        let stream = Array(flat([(0, [UInt8](repeating: 1, count: 100))]).prefix(size))
        #expect(try receive(stream).defect == "it is cut off: the flattened stream has no end")
    }

    @Test(
        "a record that leads out of all bounds is refused",
        arguments: [(-5, 10), (Int64.max - 4, 10), (1 << 50, 10), (0, 0), (0, -1), (0, Int64.max), (-1, 5), (3, -1)]
            as [(Int64, Int64)])
    func absurd(offset: Int64, size: Int64) throws {
        var stream = flat([], ended: false)
        stream += bigEndian(offset) + bigEndian(size) + [UInt8](repeating: 1, count: 64)
        let error = reported { _ = try receive(stream) }
        #expect(error?.exitCode == .badInput)
        #expect(try Files.status(scratch("received")).st_size == 0)
    }

    @Test("a flattened file of another type is refused")
    func otherType() throws {
        var stream = flat([])
        stream.put(bigEndian(Int64(2)), at: 16)
        #expect(
            reported { _ = try receive(stream) }?.message == "the dump is damaged: it is a flattened file of type 2")
    }

    @Test("what is zero takes no room, and what is not keeps its place", arguments: [1000, 65_536])
    func sparse(chunk: Int) throws {
        var dump = try FixtureDump.bytes("kdump.elf")
        let size = dump.count
        dump += [UInt8](repeating: 0, count: 4 << 20) + [1] + [UInt8](repeating: 0, count: 1 << 20)
        let received = try receive(dump, chunk: chunk)
        #expect(received.bytes == dump)
        #expect(received.disk < Int64(size) + (64 << 10))
    }

    @Test("what is no dump is refused with its first bytes")
    func noDump() throws {
        #expect(reported { _ = try receive(Array("not a dump, but a text".utf8)) }?.exitCode == .badInput)
        #expect(reported { _ = try receive([]) }?.message == "the file is no dump: it is empty")
        #expect(reported { _ = try receive([0x7F]) }?.exitCode == .badInput)
    }
}
