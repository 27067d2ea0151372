import DevboxCore

/// The pages that the kernel's slab allocator has: tasks, files and what else tools follow. A dump that was filtered by somebody who does
/// not know the kernel's `struct page` may lack them, and be whole in all other ways.
///
/// Source: include/linux/mm_types.h, page-flags.h and mmzone.h of the kernel; what it says of them in VMCOREINFO.
struct SlabPages {
    private let memory: KernelMemory
    /// Of a struct page, in bytes; a granule of memory has a whole number of them.
    private let size: Int
    private let kind: Kind
    private let sections: Sections

    /// How a struct page says that it is one.
    private enum Kind {
        /// By its type, from 6.10 on: the number at that place.
        case type(place: Int, UInt32)
        /// By a flag, before: the bit of the word at that place.
        case flag(place: Int, bit: UInt64)
    }

    /// Where the struct pages of a section of memory are: SPARSEMEM_EXTREME.
    private struct Sections {
        let roots: UInt64
        let rootCount: UInt64
        let size: Int
        let map: Int
        /// In page frames.
        let frames: UInt64
    }

    private static let granule = 4096

    /// Nil for a kernel that does not say enough of itself.
    init?(_ core: any Vmcore, _ info: Vmcoreinfo) throws {
        guard let size = info.size("page"), Self.granule % size == 0, info.pageSize == UInt64(Self.granule) else {
            return nil
        }
        if let value = info.number("PAGE_SLAB_MAPCOUNT_VALUE") {
            guard let place = info.offset("page._mapcount"), place + 4 <= size else { return nil }
            kind = .type(place: place, UInt32(truncatingIfNeeded: value))
        } else {
            guard let bit = info.number("PG_slab"), bit < 64, let place = info.offset("page.flags"), place + 8 <= size
            else { return nil }
            kind = .flag(place: place, bit: bit)
        }
        guard let roots = info.symbol("mem_section"),
            let count = info["LENGTH(mem_section)"].flatMap({ UInt64($0) }), let width = info.size("mem_section"),
            let map = info.offset("mem_section.section_mem_map"), map + 8 <= width,
            let bits = info.number("SECTION_SIZE_BITS") ?? (core.machine == .x86_64 ? 27 : nil),
            (16...40).contains(bits)
        else { return nil }
        sections = Sections(roots: roots, rootCount: count, size: width, map: map, frames: 1 << (bits - 12))
        self.size = size
        memory = try KernelMemory(core, info)
    }

    /// So many granules of struct pages are looked at, evenly over the memory: those of 2 GiB without a gap.
    private static let mostLooked: UInt64 = 8192

    /// Whether a page of theirs was left out of a dump.
    func areMissing(in core: any Vmcore) throws -> Bool {
        guard let frames = core.frames else { return false }
        let each = UInt64(Self.granule / size)
        let step = each * max(1, (frames / each + Self.mostLooked - 1) / Self.mostLooked)
        var map: (section: UInt64, start: UInt64?) = (.max, nil)
        for (number, first) in stride(from: 0, to: frames, by: Int(step)).enumerated() {
            if number % 256 == 0 { try Interrupts.check() }
            let absent = try core.absent(first..<min(first + each, frames))
            if absent.isEmpty { continue }
            if first / sections.frames != map.section {
                map = (first / sections.frames, try start(ofSection: first / sections.frames))
            }
            // Memory that the machine does not have, or that nobody knows of.
            guard let start = map.start, let pages = try granule(start &+ first &* UInt64(size)) else { continue }
            if absent.contains(where: { isSlab(pages[(Int($0 - first) * size)...], core.order) }) { return true }
        }
        return false
    }

    /// The struct page of frame 0, as a section counts it; nil for a section without memory.
    private func start(ofSection number: UInt64) throws -> UInt64? {
        let each = UInt64(Self.granule / sections.size)
        guard number / each < sections.rootCount else { return nil }
        do {
            let root = try memory.number(sections.roots &+ number / each * 8)
            if root == 0 { return nil }
            let map = try memory.number(root &+ number % each * UInt64(sections.size) &+ UInt64(sections.map))
            // The low bits say what state it is in; bit 0 that it has struct pages.
            return map & 1 == 0 ? nil : map & ~UInt64(Self.granule - 1)
        } catch is VmcoreError {
            return nil
        }
    }

    /// Nil where it is not in the dump.
    private func granule(_ address: UInt64) throws -> [UInt8]? {
        do {
            return try memory.read(address, Self.granule)
        } catch is VmcoreError {
            return nil
        }
    }

    private func isSlab(_ page: ArraySlice<UInt8>, _ order: ByteOrder) -> Bool {
        switch kind {
        case .type(let place, let value): order.uint32(page, place) == value
        case .flag(let place, let bit): order.number(page, place, 8) >> bit & 1 == 1
        }
    }
}
