import DevboxCore

/// A partition of a disk, by all that fstab(5) can call it by.
public struct PartitionIdentity: Sendable, Equatable {
    /// Its number in the table, from 1 on: the 2 of /dev/vda2.
    public var number: Int
    /// Where it is.
    public var extent: DiskExtent
    /// What the table calls it, in lower case: PARTUUID.
    public var partUUID: String?
    /// Its name in the table: PARTLABEL.
    public var partLabel: String?
    /// What a GPT says that it is for: a GUID in lower case. nil where the table has no such thing, or asks not to go by it.
    public var purpose: String?
    /// What is in it.
    public var content: FileSystemIdentity

    /// The partitions of a disk, in the order of the table; none for a disk without one.
    ///
    /// - Throws: `DiskError.damaged` for a table that says what cannot be.
    public static func all(of disk: any BlockDevice, name: String) throws -> [PartitionIdentity] {
        let extents = try PartitionTable.read(disk, name: name)
        let entries = try guidEntries(disk) ?? mbrEntries(disk)
        return try extents.map { extent in
            let entry = entries.first { $0.start == extent.offset }
            return PartitionIdentity(
                number: entry?.number ?? 0, extent: extent, partUUID: entry?.id, partLabel: entry?.label,
                purpose: entry?.purpose,
                content: try FileSystemIdentity(PartitionDevice(of: disk, at: extent)))
        }
    }

    /// The attribute of partitions that are not to be mounted by what they are for: bit 63, "no-auto".
    private static let noAuto: UInt64 = 1 << 63

    private typealias Entry = (number: Int, start: Int64, id: String?, label: String?, purpose: String?)

    /// The entries of a GPT (UEFI specification, 5.3.3), of sectors of either size; nil where there is none.
    private static func guidEntries(_ disk: any BlockDevice) throws -> [Entry]? {
        for sector in [Int64(512), 4096] where disk.size >= 2 * sector {
            let header = try disk.bytes(at: sector, count: 512)
            guard header.starts(with: "EFI PART".utf8) else { continue }
            let start = header.littleEndian(UInt64.self, at: 72)
            let count = Int(header.littleEndian(UInt32.self, at: 80))
            let size = Int(header.littleEndian(UInt32.self, at: 84))
            guard count <= 256, (128...4096).contains(size), start < UInt64(disk.size / sector),
                Int64(start) * sector <= disk.size - Int64(count * size)
            else { return [] }
            let table = try disk.bytes(at: Int64(start) * sector, count: count * size)
            return (0..<count).compactMap { index in
                let entry = Array(table[(index * size)..<(index * size + 128)])
                guard let first = Int64(exactly: entry.littleEndian(UInt64.self, at: 32)), first > 0,
                    first <= disk.size / sector
                else { return nil }
                let units = stride(from: 56, to: 128, by: 2).map { entry.littleEndian(UInt16.self, at: $0) }
                let label = String(decoding: units.prefix { $0 != 0 }, as: UTF16.self)
                let isAuto = entry.littleEndian(UInt64.self, at: 48) & noAuto == 0
                return (
                    index + 1, first * sector, guid(Array(entry[16..<32])), label.isEmpty ? nil : label,
                    isAuto ? guid(Array(entry[..<16])) : nil
                )
            }
        }
        return nil
    }

    /// The entries of an MBR: their identifiers are the disk's signature with the number behind it; blkid(8).
    private static func mbrEntries(_ disk: any BlockDevice) throws -> [Entry] {
        guard disk.size >= 512 else { return [] }
        let sector = try disk.bytes(at: 0, count: 512)
        let signature = hexadecimal([440, 441, 442, 443].reversed().map { sector[$0] })
        return try MasterBootRecord(of: disk).entries.map { entry in
            let digits = (entry.number < 10 ? "0" : "") + String(entry.number)
            return (entry.number, entry.start * 512, "\(signature)-\(digits)", nil, nil)
        }
    }

    /// The first three fields of a GUID are little-endian.
    private static func guid(_ bytes: [UInt8]) -> String {
        let order = [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15]
        return dashed(order.map { bytes[$0] })
    }

    /// Sixteen bytes as a UUID is written.
    static func dashed(_ bytes: [UInt8]) -> String {
        let digits = Array(hexadecimal(bytes))
        return [0..<8, 8..<12, 12..<16, 16..<20, 20..<32].map { String(digits[$0]) }.joined(separator: "-")
    }

    static func hexadecimal(_ bytes: [UInt8]) -> String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
    }
}
