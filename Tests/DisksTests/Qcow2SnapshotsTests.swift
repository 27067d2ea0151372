import DevboxCore
@testable import Disks
import Glibc
import SystemPackage
import TestSupport
import Testing

@Suite("The snapshot table of qcow2 files", .timeLimit(.minutes(10)))
struct Qcow2SnapshotsTests {
    let scratch: ScratchDirectory
    let disk: FilePath

    init() throws {
        scratch = try ScratchDirectory()
        disk = scratch("disk.qcow2")
        try tool("qemu-img", "create", "-q", "-f", "qcow2", disk.string, "8M")
    }

    @Test("has the names that qemu-img gave, of any length, in their order")
    func names() throws {
        #expect(try Qcow2Snapshots.names(in: disk).isEmpty)
        let names = ["a", String(repeating: "long-", count: 40), "devbox-0123456789abcdef"]
        for name in names { try tool("qemu-img", "snapshot", "-c", name, disk.string) }
        #expect(try Qcow2Snapshots.names(in: disk) == names)
        try tool("qemu-img", "snapshot", "-d", "a", disk.string)
        #expect(try Qcow2Snapshots.names(in: disk) == Array(names.dropFirst()))
    }

    @Test("that is cut off, or has lengths that cannot be, is damage and no crash")
    func damaged() throws {
        try tool("qemu-img", "snapshot", "-c", "one", disk.string)
        let header = try #require(try Qcow2Header.read(disk))
        let table = Int(header.snapshotsOffset)
        let sound = try Files.read(disk)
        for (offset, bytes) in [
            (table + 36, [UInt8](repeating: 0xFF, count: 4)), (table + 14, [0xFF, 0xFF]), (64, [0x7F, 0, 0, 0]),
        ] {
            var hostile = sound
            hostile.replaceSubrange(offset..<(offset + bytes.count), with: bytes)
            try Files.writeAtomically(hostile, to: disk)
            #expect(reported { _ = try Qcow2Snapshots.names(in: disk) }?.exitCode == .badInput)
        }
    }
}
