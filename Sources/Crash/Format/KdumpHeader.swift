import DevboxCore

/// The two headers of a kdump-compressed file.
struct KdumpHeader: Sendable {
    let order: ByteOrder
    let machine: DumpMachine
    /// As in `uname -r`; QEMU leaves it empty.
    let release: String?
    /// In seconds since 1970; QEMU leaves it 0.
    let timestamp: UInt64?
    /// In bytes: the page size.
    let blockSize: Int
    /// How many page frames there are.
    let frames: UInt64
    /// Where the second bitmap is, which says what pages are in the file; how many bytes it has.
    let bitmap: (offset: UInt64, count: UInt64)
    /// Where the page descriptors are.
    let descriptorsOffset: UInt64
    /// Whether the writer ran out of space: DUMP_DH_COMPRESSED_INCOMPLETE.
    let isMarkedIncomplete: Bool
    /// Whether it is one of several files: `makedumpfile --split`.
    let isSplit: Bool
    let vmcoreinfo: (offset: UInt64, count: UInt64)?
    let notes: (offset: UInt64, count: UInt64)?

    private static let incomplete: UInt32 = 0x8

    init(_ bytes: DumpBytes) throws {
        let head = try bytes.read(0, 464, "its header")
        // Versions are 1 to 6 now.
        let order = ByteOrder(isBig: !(1...255).contains(ByteOrder.little.uint32(head, 8)))
        let version = order.uint32(head, 8)
        guard (1...255).contains(version) else { throw VmcoreError.damaged("its header's version is \(version)") }
        func name(_ index: Int) -> String? {
            let start = 12 + index * 65
            let text = head[start..<(start + 65)].prefix { $0 != 0 }
            return (1..<65).contains(text.count) && text.allSatisfy { (33...126).contains($0) }
                ? String(decoding: text, as: UTF8.self) : nil
        }
        machine = DumpMachine(uname: name(4) ?? "an unknown machine")
        release = name(2)
        // What follows is where a struct timeval of the dumping kernel's width ends.
        let isWide = ![.i386, .arm].contains(machine)
        let base = isWide ? 424 : 412
        let seconds = isWide ? order.number(head, 408, 8) : order.number(head, 404, 4)
        timestamp = seconds == 0 ? nil : seconds
        let status = order.uint32(head, base)
        isMarkedIncomplete = status & Self.incomplete != 0
        let block = UInt64(order.uint32(head, base + 4))
        guard [4096, 8192, 16384, 32768, 65536].contains(block) else {
            throw VmcoreError.damaged("its block size is \(block)")
        }
        let subBlocks = UInt64(order.uint32(head, base + 8))
        let bitmapBlocks = UInt64(order.uint32(head, base + 12))
        // 32 bits times 16 bits: these cannot overflow.
        let bitmapOffset = (1 + subBlocks) * block
        let half = bitmapBlocks * block / 2
        let sub = KdumpSubHeader(
            try bytes.read(block, Int(min(block, subBlocks * block)), "its sub header"), version: version,
            isWide: isWide, order: order)
        let frames = sub.frames ?? UInt64(order.uint32(head, base + 16))
        guard frames <= half * 8 else { throw VmcoreError.damaged("its bitmaps are too short") }
        guard bytes.holds(bitmapOffset, half * 2) else { throw VmcoreError.cutOff(what: "its bitmap") }
        (self.order, blockSize, self.frames) = (order, Int(block), frames)
        bitmap = (bitmapOffset + half, (frames + 7) / 8)
        descriptorsOffset = bitmapOffset + half * 2
        isSplit = sub.isSplit
        vmcoreinfo = sub.vmcoreinfo
        notes = sub.notes
    }
}

/// struct kdump_sub_header of diskdump_mod.h.
struct KdumpSubHeader: Sendable {
    let isSplit: Bool
    let vmcoreinfo: (offset: UInt64, count: UInt64)?
    let notes: (offset: UInt64, count: UInt64)?
    let frames: UInt64?

    init(_ bytes: [UInt8], version: UInt32, isWide: Bool, order: ByteOrder) {
        isSplit = version >= 2 && order.uint32(bytes, isWide ? 12 : 8) != 0
        let word = isWide ? 8 : 4
        // An off_t, then an unsigned long.
        func place(_ wide: Int, _ narrow: Int) -> (offset: UInt64, count: UInt64)? {
            let at = isWide ? wide : narrow
            let offset = order.number(bytes, at, 8)
            return offset == 0 ? nil : (offset, order.number(bytes, at + 8, word))
        }
        vmcoreinfo = version >= 3 ? place(32, 20) : nil
        notes = version >= 4 ? place(48, 32) : nil
        let many = order.number(bytes, isWide ? 96 : 72, 8)
        frames = version >= 6 && many != 0 ? many : nil
    }
}
