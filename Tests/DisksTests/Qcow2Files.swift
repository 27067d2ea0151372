import DevboxCore
@testable import Disks
import Glibc
import SystemPackage
import TestSupport

/// Makes qcow2 files with the real qemu-img and compares them with what devbox reads.
struct Qcow2Files {
    let scratch: ScratchDirectory
    init() throws { scratch = try ScratchDirectory() }

    /// A raw file with a few random stretches, and zeroes between them.
    func raw(_ name: String, size: Int64, seed: UInt64 = 1, stretches: Int = 12) throws -> FilePath {
        var random = TestRandom(seed: seed)
        let path = scratch(name)
        let file = try Files.open(path, .writeOnly, .create)
        try file.closeAfter {
            try posix("grow") { ftruncate(file.rawValue, off_t(size)) }
            for _ in 0..<stretches {
                let bytes = random.bytes(Int.random(in: 1...20_000, using: &random))
                let at = Int64.random(in: 0..<max(1, size - Int64(bytes.count)), using: &random)
                try file.seek(offset: at, from: .start)
                try Files.writeAll(file, Array(bytes.prefix(Int(size - at))), name: name)
            }
        }
        return path
    }

    /// A qcow2 file with the content of a raw one.
    func qcow2(_ name: String, from raw: FilePath, _ options: String...) throws -> FilePath {
        let path = scratch(name)
        let all = ["convert", "-f", "raw", "-O", "qcow2"] + options + [raw.string, path.string]
        try runner.run(.init(.init("qemu-img", package: "qemu-utils", for: "tests"), all))
        return path
    }

    /// Throws where qemu-img finds damage.
    func check(_ disk: FilePath) throws { try tool("qemu-img", "check", "-q", "-f", "qcow2", disk.string) }

    /// Throws where QEMU sees other bytes in a qcow2 file than those of a raw one.
    func compare(_ disk: FilePath, with raw: FilePath) throws {
        try tool("qemu-img", "compare", "-f", "qcow2", "-F", "raw", disk.string, raw.string)
    }

    /// Whether devbox reads from a device what is in a raw file, in chunks of awkward sizes.
    func same(_ device: any BlockDevice, as raw: FilePath) throws -> Bool {
        let file = try FileDevice(raw)
        guard file.size == device.size else { return false }
        var at: Int64 = 0
        while at < file.size {
            let count = Int(min(3_000_003, file.size - at))
            if try device.bytes(at: at, count: count) != file.bytes(at: at, count: count) { return false }
            // Of a large disk every fifth chunk, and the last: qemu-img compares the whole of it anyway.
            let step = file.size > 64 << 20 ? 5 : 1
            at =
                at + Int64(count) == file.size
                ? file.size : min(at + Int64(step * count), max(at + 1, file.size - 3_000_003))
        }
        return true
    }
}

extension BlockDevice {
    /// Replaces the bytes from `offset` on.
    func put(_ bytes: [UInt8], at offset: Int64) throws {
        try bytes.withUnsafeBytes { try write(at: offset, from: $0) }
    }
}

/// Changes bytes of a file in place.
func patch(_ path: FilePath, at offset: Int64, _ bytes: [UInt8]) throws {
    let file = try Files.open(path, .readWrite)
    try file.closeAfter {
        try file.seek(offset: offset, from: .start)
        try Files.writeAll(file, bytes, name: path.string)
    }
}

/// A number in network byte order.
func bigEndian(_ number: some FixedWidthInteger) -> [UInt8] { withUnsafeBytes(of: number.bigEndian) { Array($0) } }
