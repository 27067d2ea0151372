/// A kernel's virtual memory in a dump, by the kernel's own page tables.
final class KernelMemory {
    private let core: any Vmcore
    private let tables: any PageTables
    /// Physical pages by virtual ones.
    private var known: [UInt64: UInt64] = [:]
    private static let mostKnown = 1 << 16
    private static let granule: UInt64 = 4096

    /// - Throws: `unsupported` for an architecture of which devbox does not know the page tables.
    init(_ core: any Vmcore, _ info: Vmcoreinfo) throws {
        self.core = core
        tables =
            switch core.machine {
            case .x86_64: try X86PageTables(info)
            case .aarch64: try ARM64PageTables(info)
            default:
                throw VmcoreError.unsupported("devbox does not read the messages of \(core.machine.words) kernels")
            }
    }

    /// Bytes at a virtual address.
    func read(_ address: UInt64, _ count: Int) throws -> [UInt8] {
        guard count >= 0, count <= 64 << 20 else { throw VmcoreError.damaged("something in it has \(count) bytes") }
        var result: [UInt8] = []
        result.reserveCapacity(count)
        var at = address
        while result.count < count {
            let inside = at % Self.granule
            let part = min(count - result.count, Int(Self.granule - inside))
            result += try core.read(physical: try translate(at - inside) + inside, part)
            at &+= UInt64(part)
        }
        return result
    }

    /// An unsigned number of `width` bytes.
    func number(_ address: UInt64, _ width: Int = 8) throws -> UInt64 {
        core.order.number(try read(address, width), 0, width)
    }

    private func translate(_ page: UInt64) throws -> UInt64 {
        if let found = known[page] { return found }
        let found = try tables.physical(page) { [core] address in
            core.order.number(try core.read(physical: address, 8), 0, 8)
        }
        if known.count >= Self.mostKnown { known.removeAll(keepingCapacity: true) }
        known[page] = found
        return found
    }
}

/// The page tables of one architecture.
protocol PageTables {
    /// The physical address of a virtual one.
    ///
    /// - Parameter entry: reads an entry of a table at its physical address.
    func physical(_ address: UInt64, entry: (UInt64) throws -> UInt64) throws -> UInt64
}

extension PageTables {
    func unmapped(_ address: UInt64) -> VmcoreError {
        .damaged("the kernel's page tables do not map 0x\(String(address, radix: 16))")
    }
}

/// Four or five levels of 512 entries. Source: the kernel's Documentation/arch/x86/x86_64/mm.rst and Intel's manual, volume 3, 4.5.
struct X86PageTables: PageTables {
    private let root: UInt64
    private let levels: Int
    private let addressMask: UInt64

    /// __START_KERNEL_map: where the kernel's own image is mapped.
    private static let imageStart: UInt64 = 0xFFFF_FFFF_8000_0000

    init(_ info: Vmcoreinfo) throws {
        guard
            let table = info.symbol("init_top_pgt") ?? info.symbol("swapper_pg_dir") ?? info.symbol("init_level4_pgt"),
            table >= Self.imageStart
        else { throw VmcoreError.unsupported("its VMCOREINFO does not say where the kernel's page tables are") }
        root = table - Self.imageStart &+ (info.number("phys_base") ?? 0)
        levels = info.number("pgtable_l5_enabled") == 1 ? 5 : 4
        // AMD's memory encryption marks its pages with a bit of the address.
        addressMask = 0x000F_FFFF_FFFF_F000 & ~(info.number("sme_mask") ?? 0)
    }

    func physical(_ address: UInt64, entry: (UInt64) throws -> UInt64) throws -> UInt64 {
        var table = root
        for level in (1...levels).reversed() {
            let shift = UInt64(12 + 9 * (level - 1))
            let value = try entry(table &+ (address >> shift & 0x1FF) * 8)
            guard value & 1 != 0 else { throw unmapped(address) }
            let target = value & addressMask
            // The size bit makes an entry one of a page of 2 MiB or 1 GiB.
            if level == 1 || (level <= 3 && value & 0x80 != 0) {
                let inside = (1 as UInt64) << shift - 1
                return target & ~inside | address & inside
            }
            table = target
        }
        throw unmapped(address)
    }
}

/// Source: the kernel's Documentation/arch/arm64/memory.rst, and the Arm architecture reference manual, D8.
struct ARM64PageTables: PageTables {
    private let root: UInt64
    private let pageShift: UInt64
    private let addressBits: UInt64

    init(_ info: Vmcoreinfo) throws {
        guard let table = info.symbol("swapper_pg_dir"), let offset = info.number("kimage_voffset"),
            let pageSize = info.pageSize,
            let bits = info.number("TCR_EL1_T1SZ").flatMap({ $0 < 64 ? 64 - $0 : nil }) ?? info.number("VA_BITS"),
            (36...52).contains(bits)
        else { throw VmcoreError.unsupported("its VMCOREINFO does not say where the kernel's page tables are") }
        root = table &- offset
        pageShift = UInt64(pageSize.trailingZeroBitCount)
        addressBits = bits
    }

    func physical(_ address: UInt64, entry: (UInt64) throws -> UInt64) throws -> UInt64 {
        let perLevel = pageShift - 3
        let levels = (addressBits - pageShift + perLevel - 1) / perLevel
        var table = root
        for level in (0..<levels).reversed() {
            let shift = pageShift + perLevel * level
            // The first table may be shorter than a page.
            let bits = min(perLevel, addressBits - shift)
            let value = try entry(table &+ (address >> shift & (1 << bits - 1)) * 8)
            guard value & 1 != 0 else { throw unmapped(address) }
            let target = output(value)
            let isBlock = value & 2 == 0
            if level == 0 || isBlock {
                guard level == 0 ? !isBlock : level <= 2 else { throw unmapped(address) }
                let inside = (1 as UInt64) << shift - 1
                return target & ~inside | address & inside
            }
            table = target
        }
        throw unmapped(address)
    }

    private func output(_ value: UInt64) -> UInt64 {
        let low = value & 0x0000_FFFF_FFFF_FFFF & ~((1 as UInt64) << pageShift - 1)
        // With pages of 64 KiB, bits 12 to 15 are the address's uppermost.
        return pageShift == 16 ? low | (value >> 12 & 0xF) << 48 : low
    }
}
