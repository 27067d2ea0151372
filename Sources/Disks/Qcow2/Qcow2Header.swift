import DevboxCore
import Glibc
import SystemPackage

/// The header of a qcow2 file (QEMU's docs/interop/qcow2.rst), read without opening anything that it refers to.
public struct Qcow2Header: Sendable, Equatable {
    /// 2 or 3.
    public var version: UInt32
    /// The backing file's name as it stands in the file; nil without one.
    public var backingFile: String?
    /// The backing file's format, from the header extension.
    public var backingFormat: String?
    /// log2 of the cluster size.
    public var clusterBits: Int
    /// The disk's size in bytes.
    public var size: Int64
    /// Number of entries of the active L1 table.
    public var l1Size: Int
    /// The active L1 table's place in the file.
    public var l1Offset: Int64
    /// Number of internal snapshots.
    public var snapshotCount: Int
    /// The snapshot table's place in the file.
    public var snapshotsOffset: Int64
    /// Features that a reader must know: dirty 1, corrupt 2, external data file 4, compression type 8, extended L2 16.
    public var incompatibleFeatures: UInt64
    /// 0: none, else LUKS or AES.
    public var encryption: UInt32
    /// The data file's name, from the header extension.
    public var dataFile: String?

    /// Bytes of a cluster.
    public var clusterSize: Int { 1 << clusterBits }

    static let magic: UInt32 = 0x5146_49FB
    static let backingFormatExtension: UInt32 = 0xE279_2ACA
    static let dataFileExtension: UInt32 = 0x4441_5441

    /// Reads the header of an open file.
    ///
    /// - Returns: nil where the file is not qcow2.
    /// - Throws: `DiskError.damaged`.
    public init?(_ file: FileDescriptor, name: String) throws {
        func damaged(_ defect: String) -> DiskError { .damaged(disk: name, defect: defect) }
        var bytes = [UInt8](repeating: 0, count: 64 << 10)
        let count = try bytes.withUnsafeMutableBytes { buffer in
            try posix("read \(name)") { pread(file.rawValue, buffer.baseAddress, buffer.count, 0) }
        }
        bytes.removeLast(bytes.count - count)
        guard bytes.count >= 4, bytes.bigEndian(UInt32.self, at: 0) == Self.magic else { return nil }
        guard bytes.count >= 72 else { throw damaged("its header is cut off") }
        version = bytes.bigEndian(at: 4)
        guard version == 2 || version == 3 else { throw damaged("qcow2 version \(version) is not known") }
        guard version == 2 || bytes.count >= 104 else { throw damaged("its header is cut off") }
        clusterBits = Int(bytes.bigEndian(UInt32.self, at: 20))
        guard (9...21).contains(clusterBits) else { throw damaged("cluster size 2^\(clusterBits)") }
        let rawSize = bytes.bigEndian(UInt64.self, at: 24)
        guard rawSize <= 1 << 56 else { throw damaged("a size of \(rawSize) bytes") }
        size = Int64(rawSize)
        encryption = bytes.bigEndian(at: 32)
        let entries = bytes.bigEndian(UInt32.self, at: 36)
        guard entries <= 4 << 20 else { throw damaged("an L1 table of \(entries) entries") }
        l1Size = Int(entries)
        guard let l1 = Int64(exactly: bytes.bigEndian(UInt64.self, at: 40)) else {
            throw damaged("its L1 table is out of bounds")
        }
        l1Offset = l1
        snapshotCount = Int(bytes.bigEndian(UInt32.self, at: 60))
        snapshotsOffset = Int64(clamping: bytes.bigEndian(UInt64.self, at: 64))
        incompatibleFeatures = version == 2 ? 0 : bytes.bigEndian(at: 72)

        let backingOffset = bytes.bigEndian(UInt64.self, at: 8)
        if backingOffset != 0 {
            let length = UInt64(bytes.bigEndian(UInt32.self, at: 16))
            guard length <= 1023, backingOffset <= UInt64(bytes.count), backingOffset + length <= UInt64(bytes.count)
            else {
                throw damaged("its backing file's name is out of bounds")
            }
            backingFile = String(decoding: bytes[Int(backingOffset)..<Int(backingOffset + length)], as: UTF8.self)
        }
        let headerLength = version == 2 ? 72 : Int(bytes.bigEndian(UInt32.self, at: 100))
        try readExtensions(bytes, from: headerLength, damaged: damaged)
    }

    private mutating func readExtensions(_ bytes: [UInt8], from start: Int, damaged: (String) -> DiskError) throws {
        var at = start
        while at + 8 <= bytes.count {
            let kind = bytes.bigEndian(UInt32.self, at: at)
            let length = Int(bytes.bigEndian(UInt32.self, at: at + 4))
            if kind == 0 { return }
            guard at + 8 + length <= bytes.count else { throw damaged("a header extension is out of bounds") }
            let text = String(decoding: bytes[(at + 8)..<(at + 8 + length)], as: UTF8.self)
            if kind == Self.backingFormatExtension { backingFormat = text }
            if kind == Self.dataFileExtension { dataFile = text }
            at += 8 + (length + 7) / 8 * 8
        }
    }

    /// Reads the header of the file at `path`; nil where it is not qcow2.
    public static func read(_ path: FilePath) throws -> Qcow2Header? {
        let file = try Files.open(path, .readOnly)
        defer { try? file.close() }
        return try Qcow2Header(file, name: path.string)
    }
}

extension [UInt8] {
    /// An integer in network byte order at `offset`, which must lie inside.
    func bigEndian<Number: FixedWidthInteger>(_ type: Number.Type = Number.self, at offset: Int) -> Number {
        withUnsafeBytes { Number(bigEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self)) }
    }

    /// Puts an integer in network byte order at `offset`, which must lie inside.
    mutating func putBigEndian(_ number: some FixedWidthInteger, at offset: Int) {
        Swift.withUnsafeBytes(of: number.bigEndian) { source in
            for (index, byte) in source.enumerated() { self[offset + index] = byte }
        }
    }
}
