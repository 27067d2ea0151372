import DevboxCore

/// The partition table of disks without a GPT: four entries in the first sector, and behind one of them a chain of further tables, each
/// with a logical partition. See fdisk(8), and block/partitions/msdos.c of the kernel, by which partitions are numbered here.
struct MasterBootRecord {
    /// An entry with something in it.
    struct Entry: Equatable {
        /// The 5 of /dev/vda5: from 1 to 4 for those of the first sector, logical ones from 5 on.
        let number: Int
        /// In sectors.
        let start: Int64
        /// In sectors.
        let count: Int64
    }

    /// The partitions; those that hold further tables are left out.
    private(set) var entries: [Entry] = []

    private static let sector: Int64 = 512
    /// Types whose partition holds further tables.
    private static let extended: Set<UInt8> = [0x05, 0x0F, 0x85]
    /// No chain is followed further: one may lead back to where it came from.
    private static let mostTables = 100

    /// Reads it; no entries for a disk without one.
    init(of disk: any BlockDevice) throws {
        guard disk.size >= Self.sector, let first = try Self.table(disk, at: 0) else { return }
        for (index, slot) in first.enumerated() where slot.isUsed && !slot.isExtended {
            entries.append(Entry(number: index + 1, start: slot.start, count: slot.count))
        }
        // As the kernel does, every extended partition is looked into.
        for slot in first where slot.isUsed && slot.isExtended { try follow(slot, on: disk) }
    }

    /// One of the four slots of a table.
    private struct Slot {
        let kind: UInt8
        let start: Int64
        let count: Int64

        var isUsed: Bool { kind != 0 && count > 0 }
        var isExtended: Bool { MasterBootRecord.extended.contains(kind) }
    }

    /// The slots of a sector; nil where it is no table.
    private static func table(_ disk: any BlockDevice, at start: Int64) throws -> [Slot]? {
        guard start >= 0, start < disk.size / sector else { return nil }
        let bytes = try disk.bytes(at: start * sector, count: Int(sector))
        guard bytes[510] == 0x55, bytes[511] == 0xAA else { return nil }
        return (0..<4).map { index in
            let entry = 446 + 16 * index
            return Slot(
                kind: bytes[entry + 4], start: Int64(bytes.littleEndian(UInt32.self, at: entry + 8)),
                count: Int64(bytes.littleEndian(UInt32.self, at: entry + 12)))
        }
    }

    /// Adds the logical partitions of an extended one: starts count from the table that they stand in, and those of further tables from
    /// the extended partition.
    private mutating func follow(_ whole: Slot, on disk: any BlockDevice) throws {
        var number = max(entries.last?.number ?? 0, 4) + 1
        var place: Int64? = whole.start
        var tables = 0
        while let here = place, tables < Self.mostTables, let slots = try Self.table(disk, at: here) {
            tables += 1
            for slot in slots where slot.isUsed && !slot.isExtended {
                let start = here + slot.start
                guard slot.start > 0, start + slot.count <= whole.start + whole.count else { continue }
                entries.append(Entry(number: number, start: start, count: slot.count))
                number += 1
            }
            place = slots.first { $0.isUsed && $0.isExtended }.map { whole.start + $0.start }
        }
    }
}
