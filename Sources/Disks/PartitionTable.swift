import DevboxCore

/// The partitions of a disk, from its GPT (UEFI specification, 5.3) or its MBR.
///
/// The host's kernel may know no partition tables, and must not be asked to look at a stranger's disk anyway.
public struct PartitionTable {
    /// The partitions with something in them; none for a disk without a table.
    public let partitions: [DiskExtent]
    /// What the table counts in, in bytes: 512, or 4096 where the disk was made for such sectors.
    public let sectorSize: Int64

    private static let mostEntries = 256
    /// What disks have.
    private static let sectorSizes: [Int64] = [512, 4096]

    /// The partitions with something in them; none for a disk without a table.
    ///
    /// - Throws: `DiskError.damaged` for a table that says what cannot be.
    public static func read(_ disk: any BlockDevice, name: String) throws -> [DiskExtent] {
        try PartitionTable(of: disk, name: name).partitions
    }

    /// Reads the table of a disk.
    ///
    /// - Throws: `DiskError.damaged` for a table that says what cannot be.
    public init(of disk: any BlockDevice, name: String) throws {
        sectorSize = try Self.sectorSizes.first { try Self.header(disk, at: $0) != nil } ?? 512
        partitions = try Self.partitions(disk, sectorSize, name: name)
    }

    /// The header of a GPT, which is in the second sector.
    private static func header(_ disk: any BlockDevice, at sector: Int64) throws -> [UInt8]? {
        guard disk.size >= 2 * sector else { return nil }
        let first = try disk.bytes(at: 0, count: 512)
        guard first[510] == 0x55, first[511] == 0xAA else { return nil }
        let header = try disk.bytes(at: sector, count: 512)
        return Array(header[0..<8]) == Array("EFI PART".utf8) ? header : nil
    }

    private static func partitions(_ disk: any BlockDevice, _ sector: Int64, name: String) throws -> [DiskExtent] {
        if let header = try header(disk, at: sector) { return try guid(header, disk, sector, name: name) }
        return try MasterBootRecord(of: disk).entries.map { entry in
            try extent(entry.start, entry.count, disk, sector, name: name)
        }
    }

    private static func guid(_ header: [UInt8], _ disk: any BlockDevice, _ sector: Int64, name: String) throws
        -> [DiskExtent]
    {
        let start = header.littleEndian(UInt64.self, at: 72)
        let count = Int(header.littleEndian(UInt32.self, at: 80))
        let size = Int(header.littleEndian(UInt32.self, at: 84))
        guard count <= mostEntries, (128...4096).contains(size), start < UInt64(disk.size / sector),
            Int64(start) * sector + Int64(count * size) <= disk.size
        else { throw DiskError.damaged(disk: name, defect: "its partition table cannot be") }
        let entries = try disk.bytes(at: Int64(start) * sector, count: count * size)
        return try (0..<count).compactMap { index in
            let entry = index * size
            if entries[entry..<(entry + 16)].allSatisfy({ $0 == 0 }) { return nil }
            let first = entries.littleEndian(UInt64.self, at: entry + 32)
            let last = entries.littleEndian(UInt64.self, at: entry + 40)
            guard first <= last, last < UInt64(disk.size / sector) else {
                throw DiskError.damaged(disk: name, defect: "partition \(index + 1) reaches beyond the disk's end")
            }
            return try extent(Int64(first), Int64(last - first + 1), disk, sector, name: name)
        }
    }

    private static func extent(
        _ start: Int64, _ count: Int64, _ disk: any BlockDevice, _ sector: Int64, name: String
    ) throws -> DiskExtent {
        guard (start + count) * sector <= disk.size else {
            throw DiskError.damaged(disk: name, defect: "a partition reaches beyond the disk's end")
        }
        return DiskExtent(offset: start * sector, size: count * sector)
    }
}

extension [UInt8] {
    /// A little-endian integer at `offset`, which must lie inside.
    func littleEndian<Number: FixedWidthInteger>(_ type: Number.Type = Number.self, at offset: Int) -> Number {
        withUnsafeBytes { Number(littleEndian: $0.loadUnaligned(fromByteOffset: offset, as: Number.self)) }
    }
}
