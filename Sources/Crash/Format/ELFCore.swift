import DevboxCore
import SystemPackage

/// An ELF core of a whole machine: /proc/vmcore of a crash kernel (fs/proc/vmcore.c), `makedumpfile -E`, or QEMU's
/// dump-guest-memory (its dump/dump.c). See elf(5).
final class ELFCore: Vmcore {
    let format = DumpFormat.elf
    let machine: DumpMachine
    let order: ByteOrder
    let timestamp: UInt64? = nil
    let release: String? = nil
    let frames: UInt64? = nil
    private let bytes: DumpBytes
    /// Stretches of physical memory, by address.
    private let segments: [Segment]
    private let notes: [Segment]

    private struct Segment {
        let offset: UInt64
        let address: UInt64
        let fileSize: UInt64
    }

    /// No kernel has so many.
    private static let mostSegments: UInt64 = 1 << 18
    private static let largestNotes: UInt64 = 16 << 20

    init(_ bytes: DumpBytes) throws {
        self.bytes = bytes
        let header = try bytes.read(0, Int(min(64, bytes.size)), "its ELF header")
        guard header.count >= 52, (1...2).contains(header[4]), (1...2).contains(header[5]),
            header[4] == 1 || header.count == 64
        else { throw VmcoreError.cutOff(what: "its ELF header") }
        let isWide = header[4] == 2
        let order = ByteOrder(isBig: header[5] == 2)
        self.order = order
        machine = DumpMachine(elf: order.uint16(header, 18))
        guard order.uint16(header, 16) == 4 else {
            throw VmcoreError.notADump(name: bytes.name, reason: "it is an ELF file, but not a core")
        }
        let offset = isWide ? order.number(header, 32, 8) : order.number(header, 28, 4)
        let entrySize = Int(order.uint16(header, isWide ? 54 : 42))
        var count = UInt64(order.uint16(header, isWide ? 56 : 44))
        if count == 0xFFFF {
            // PN_XNUM: there are more, and section 0 says how many.
            let sections = isWide ? order.number(header, 40, 8) : order.number(header, 32, 4)
            let section = try bytes.read(sections, isWide ? 64 : 40, "its section header")
            count = UInt64(order.uint32(section, isWide ? 44 : 28))
        }
        guard entrySize >= (isWide ? 56 : 32), entrySize <= 256, count > 0, count <= Self.mostSegments else {
            throw VmcoreError.damaged("it has \(count) program headers of \(entrySize) bytes")
        }
        let table = try bytes.read(offset, Int(count) * entrySize, "its table of program headers")
        var (memory, notes): ([Segment], [Segment]) = ([], [])
        for at in stride(from: 0, to: table.count, by: entrySize) {
            let entry = table[at..<(at + entrySize)]
            func field(_ narrow: Int, _ wide: Int) -> UInt64 {
                isWide ? order.number(entry, wide, 8) : order.number(entry, narrow, 4)
            }
            let segment = Segment(
                offset: field(4, 8), address: field(12, 24), fileSize: field(16, 32))
            switch order.uint32(entry, 0) {
            case 1: memory.append(segment)
            case 4: notes.append(segment)
            default: break
            }
        }
        segments = memory.filter { $0.fileSize > 0 && !$0.address.addingReportingOverflow($0.fileSize).overflow }
            .sorted { $0.address < $1.address }
        self.notes = notes
    }

    func defect() throws -> String? {
        if segments.isEmpty { return "it has no memory in it" }
        let needed = (segments + notes).map { $0.offset.addingReportingOverflow($0.fileSize) }
        if needed.contains(where: \.overflow) { return "a program header of it is damaged" }
        let end = needed.map(\.partialValue).max() ?? 0
        return end > bytes.size ? "it is cut off: \(bytes.size) of \(end) bytes are there" : nil
    }

    func absent(_ frames: Range<UInt64>) -> [UInt64] { [] }

    func vmcoreinfoText() throws -> [UInt8]? {
        // All of them together have no more than one may.
        var left = Self.largestNotes
        for note in notes where note.fileSize <= left {
            left -= note.fileSize
            try Interrupts.check()
            let bytes = try self.bytes.read(note.offset, Int(note.fileSize), "its notes")
            if let text = DumpNotes.vmcoreinfo(in: bytes, order) { return text }
        }
        return nil
    }

    /// 16 GiB are searched, and so many pages given.
    private static let mostSearched: UInt64 = 4 << 20
    private static let mostFound = 4

    /// The kernel writes the text to a page of its own when it boots (crash_save_vmcoreinfo_init), long before the module is loaded
    /// that tells QEMU where it is.
    func vmcoreinfoPages() throws -> [[UInt8]] {
        let (beginning, page) = (Array("OSRELEASE=".utf8), UInt64(4096))
        var found: [[UInt8]] = []
        var searched: UInt64 = 0
        for segment in segments {
            let first = (page - segment.address % page) % page
            guard segment.fileSize >= page, first <= segment.fileSize - page else { continue }
            for inside in stride(from: first, through: segment.fileSize - page, by: Int(page)) {
                searched += 1
                guard searched <= Self.mostSearched, found.count < Self.mostFound else { return found }
                if searched % 65_536 == 0 { try Interrupts.check() }
                let offset = segment.offset.addingReportingOverflow(inside)
                guard !offset.overflow, bytes.holds(offset.partialValue, page) else { break }
                guard try bytes.read(offset.partialValue, beginning.count, "memory") == beginning else { continue }
                found.append(Array(try bytes.read(offset.partialValue, Int(page), "memory").prefix { $0 != 0 }))
            }
        }
        return found
    }

    func read(physical address: UInt64, _ count: Int) throws -> [UInt8] {
        var result: [UInt8] = []
        var at = address
        while result.count < count {
            guard let segment = segment(at) else {
                throw VmcoreError.unsupported("physical address 0x\(String(at, radix: 16)) is not in the dump")
            }
            let inside = at - segment.address
            let part = Int(min(UInt64(count - result.count), segment.fileSize - inside))
            let offset = segment.offset.addingReportingOverflow(inside)
            guard !offset.overflow else { throw VmcoreError.damaged("a program header of it is damaged") }
            result += try bytes.read(offset.partialValue, part, "physical address 0x\(String(at, radix: 16))")
            at += UInt64(part)
        }
        return result
    }

    /// The segment with an address: the last one that begins at or below it.
    private func segment(_ address: UInt64) -> Segment? {
        var (low, high) = (0, segments.count)
        while low < high {
            let middle = (low + high) / 2
            if segments[middle].address <= address { low = middle + 1 } else { high = middle }
        }
        guard low > 0, address - segments[low - 1].address < segments[low - 1].fileSize else { return nil }
        return segments[low - 1]
    }
}

/// The notes of a dump.
enum DumpNotes {
    /// The text of the VMCOREINFO note (include/linux/crash_core.h), without what fills it up.
    static func vmcoreinfo(in bytes: [UInt8], _ order: ByteOrder) -> [UInt8]? {
        var at = 0
        while bytes.count - at >= 12 {
            let nameSize = Int(order.uint32(bytes, at))
            let size = Int(order.uint32(bytes, at + 4))
            let start = at + 12 + (nameSize + 3) / 4 * 4
            guard start + size <= bytes.count else { return nil }
            if bytes[(at + 12)..<(at + 12 + nameSize)].prefix(while: { $0 != 0 }).elementsEqual(
                "VMCOREINFO".utf8)
            {
                return Array(bytes[start..<(start + size)].prefix { $0 != 0 })
            }
            at = start + (size + 3) / 4 * 4
        }
        return nil
    }
}
