/// The notes of an ELF file, of which the build-id is one. See elf(5).
///
/// Only the header, one table and the notes are read, in the order of the file where the program headers lead to them, so that a
/// kernel's vmlinux of 600 MB can be read out of a package without being unpacked. Nothing in it is trusted.
public enum ELFNotes {
    /// Reads bytes of the file: where they begin, and how many; fewer come at the end of the file.
    public typealias Read = (_ offset: Int64, _ count: Int) throws -> [UInt8]

    /// The GNU build-id of a file; nil where it has none, or is not an ELF file.
    ///
    /// - Parameter read: reads bytes of the file; is asked forward only as long as the program headers have the note.
    /// - Throws: what `read` throws.
    public static func buildID(_ read: Read) throws -> BuildID? {
        guard let header = try Header(read) else { return nil }
        var tried: Set<Int64> = []
        for table in [Table.program, .section] {
            let notes = try header.notes(table, read).filter { tried.insert($0.offset).inserted }
            for note in notes {
                let bytes = try read(note.offset, note.size)
                if let id = buildID(in: bytes, order: header.fields, alignment: note.alignment) { return id }
            }
        }
        return nil
    }

    /// The GNU build-id of a file in memory.
    public static func buildID(of bytes: [UInt8]) -> BuildID? {
        // Reading from memory does not throw.
        try? buildID { offset, count in
            guard offset >= 0, offset < bytes.count, count > 0 else { return [] }
            return Array(bytes[Int(offset)..<min(bytes.count, Int(offset) + count)])
        }
    }

    /// The build-id among the notes of a segment.
    static func buildID(in bytes: [UInt8], order: Fields, alignment: Int) -> BuildID? {
        var position = 0
        while bytes.count - position >= 12 {
            let nameSize = Int(order.uint32(bytes, position))
            let size = Int(order.uint32(bytes, position + 4))
            let type = order.uint32(bytes, position + 8)
            let nameEnd = position + 12 + nameSize
            let start = (nameEnd + alignment - 1) / alignment * alignment
            guard start + size <= bytes.count else { return nil }
            if type == 3, bytes[(position + 12)..<nameEnd].elementsEqual([0x47, 0x4E, 0x55, 0]) {
                return BuildID(bytes: bytes[start..<(start + size)])
            }
            position = (start + size + alignment - 1) / alignment * alignment
        }
        return nil
    }

    enum Table {
        case program
        case section
    }

    struct Note {
        let offset: Int64
        let size: Int
        let alignment: Int
    }
}

extension ELFNotes {
    /// The order of the bytes and the width of addresses.
    struct Fields {
        let isWide: Bool
        let isBigEndian: Bool

        func uint(_ bytes: [UInt8], _ offset: Int, _ width: Int) -> UInt64 {
            guard offset >= 0, offset + width <= bytes.count else { return 0 }
            let part = bytes[offset..<(offset + width)]
            return isBigEndian
                ? part.reduce(0) { $0 << 8 | UInt64($1) } : part.reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }

        func uint32(_ bytes: [UInt8], _ offset: Int) -> UInt32 { UInt32(uint(bytes, offset, 4)) }

        /// A field that is as wide as an address, at its place in the 32 or in the 64 bit format.
        func address(_ bytes: [UInt8], _ base: Int, narrow: Int, wide: Int) -> UInt64 {
            isWide ? uint(bytes, base + wide, 8) : uint(bytes, base + narrow, 4)
        }
    }

    struct Header {
        let fields: Fields
        private let bytes: [UInt8]

        init?(_ read: Read) throws {
            let bytes = try read(0, 64)
            guard bytes.count >= 52, bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]), (1...2).contains(bytes[4]),
                (1...2).contains(bytes[5]), bytes[4] == 1 || bytes.count == 64
            else { return nil }
            self.bytes = bytes
            fields = Fields(isWide: bytes[4] == 2, isBigEndian: bytes[5] == 2)
        }

        /// The stretches of notes that a table has, in the order of the file.
        func notes(_ table: Table, _ read: Read) throws -> [Note] {
            let isProgram = table == .program
            let offset =
                isProgram
                ? fields.address(bytes, 0, narrow: 28, wide: 32) : fields.address(bytes, 0, narrow: 32, wide: 40)
            let place = (isProgram ? 42 : 46) + (fields.isWide ? 12 : 0)
            let entrySize = Int(fields.uint(bytes, place, 2))
            let count = Int(fields.uint(bytes, place + 2, 2))
            let least = isProgram ? (fields.isWide ? 56 : 32) : (fields.isWide ? 64 : 40)
            guard let start = Int64(exactly: offset), start > 0, count > 0, entrySize >= least, entrySize <= 1024 else {
                return []
            }
            let entries = try read(start, count * entrySize)
            let all = stride(from: 0, through: entries.count - entrySize, by: entrySize)
            return all.compactMap { isProgram ? segment(entries, $0) : section(entries, $0) }
                .sorted { $0.offset < $1.offset }
        }

        private func segment(_ entries: [UInt8], _ at: Int) -> Note? {
            guard fields.uint32(entries, at) == 4 else { return nil }
            return note(
                fields.address(entries, at, narrow: 4, wide: 8), fields.address(entries, at, narrow: 16, wide: 32),
                fields.address(entries, at, narrow: 28, wide: 48))
        }

        private func section(_ entries: [UInt8], _ at: Int) -> Note? {
            guard fields.uint32(entries, at + 4) == 7 else { return nil }
            return note(
                fields.address(entries, at, narrow: 16, wide: 24), fields.address(entries, at, narrow: 20, wide: 32),
                fields.address(entries, at, narrow: 32, wide: 48))
        }

        private func note(_ offset: UInt64, _ size: UInt64, _ alignment: UInt64) -> Note? {
            // Real ones have some hundred bytes.
            guard let offset = Int64(exactly: offset), offset > 0, (1...(1 << 20)).contains(size) else { return nil }
            return Note(offset: offset, size: Int(size), alignment: alignment == 8 ? 8 : 4)
        }
    }
}
