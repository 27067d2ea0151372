import Archives
import CZlib
import DevboxCore
import SystemPackage

/// A kdump-compressed file: header, sub header, two bitmaps, a descriptor for each page, pages. Source: makedumpfile's
/// IMPLEMENTATION document and diskdump_mod.h, and QEMU's include/sysemu/dump.h.
final class KdumpCompressed: Vmcore {
    let format = DumpFormat.kdumpCompressed
    let machine: DumpMachine
    let order: ByteOrder
    let timestamp: UInt64?
    let release: String?
    private let bytes: DumpBytes
    private let header: KdumpHeader
    private var index: PageIndex?
    private var pages: [UInt64: [UInt8]] = [:]
    /// So many pages are kept decoded.
    private static let mostPages = 64

    init(_ bytes: DumpBytes) throws {
        self.bytes = bytes
        header = try KdumpHeader(bytes)
        (machine, order, timestamp, release) = (header.machine, header.order, header.timestamp, header.release)
    }

    var frames: UInt64? { header.isSplit ? nil : header.frames }

    func absent(_ frames: Range<UInt64>) throws -> [UInt64] { try pageIndex().absent(frames) }

    func defect() throws -> String? {
        if header.isMarkedIncomplete { return "the one who wrote it ran out of space, and marked it incomplete" }
        if header.isSplit { return "it is one part of a split dump" }
        do {
            return try descriptorDefect()
        } catch let error as VmcoreError {
            return error.message
        }
    }

    /// What a file of holes has none of need not be counted.
    private static let mostMissing: UInt64 = 1 << 20

    /// Looks at each descriptor, and at no page.
    private func descriptorDefect() throws -> String? {
        let total = try pageIndex().total
        let (size, overflow) = total.multipliedReportingOverflow(by: UInt64(PageIndex.descriptorSize))
        guard !overflow, bytes.holds(header.descriptorsOffset, size) else {
            return "it is cut off: its page descriptors are behind its end"
        }
        if total == 0 { return "it has no page in it" }
        let dataOffset = header.descriptorsOffset + size
        let step = UInt64(8192 * PageIndex.descriptorSize)
        var (missing, cutOff, first): (UInt64, UInt64, UInt64?) = (0, 0, nil)
        for start in stride(from: 0, to: size, by: Int(step)) {
            try Interrupts.check()
            if missing > Self.mostMissing { return "more than \(Self.mostMissing) of its pages were never written" }
            let part = try bytes.read(
                header.descriptorsOffset + start, Int(min(step, size - start)), "a page descriptor")
            for at in stride(from: 0, to: part.count, by: PageIndex.descriptorSize) {
                let (offset, length) = (order.number(part, at, 8), UInt64(order.uint32(part, at + 8)))
                if length == 0 || offset < dataOffset || length > UInt64(header.blockSize) * 2 {
                    missing += 1
                } else if !bytes.holds(offset, length) {
                    cutOff += 1
                    first = min(first ?? offset, offset)
                }
            }
        }
        if cutOff > 0 { return "it is cut off: \(cutOff) of \(total) pages are behind its end" }
        return missing > 0 ? "\(missing) of \(total) pages were never written" : nil
    }

    private func pageIndex() throws -> PageIndex {
        if let index { return index }
        let made = try PageIndex(bytes, header)
        index = made
        return made
    }

    func vmcoreinfoText() throws -> [UInt8]? {
        if let place = header.vmcoreinfo, place.count > 0, place.count <= 1 << 20 {
            return Array(try bytes.read(place.offset, Int(place.count), "its VMCOREINFO").prefix { $0 != 0 })
        }
        guard let place = header.notes, place.count > 0, place.count <= 16 << 20 else { return nil }
        return DumpNotes.vmcoreinfo(in: try bytes.read(place.offset, Int(place.count), "its notes"), order)
    }

    /// None: all pages would have to be decompressed.
    func vmcoreinfoPages() -> [[UInt8]] { [] }

    func read(physical address: UInt64, _ count: Int) throws -> [UInt8] {
        var result: [UInt8] = []
        let size = UInt64(header.blockSize)
        var at = address
        while result.count < count {
            let inside = Int(at % size)
            let part = min(count - result.count, Int(size) - inside)
            result += try page(at / size)[inside..<(inside + part)]
            at += UInt64(part)
        }
        return result
    }

    private func page(_ number: UInt64) throws -> [UInt8] {
        if let page = pages[number] { return page }
        // Its descriptors are those of some of the frames, and its bitmap has all.
        if header.isSplit { throw VmcoreError.unsupported("it is one part of a split dump") }
        guard let place = try pageIndex().descriptor(of: number) else {
            throw VmcoreError.unsupported(
                "physical address 0x\(String(number * UInt64(header.blockSize), radix: 16)) is not in the dump")
        }
        let descriptor = try bytes.read(place, PageIndex.descriptorSize, "a page descriptor")
        let (offset, length) = (order.number(descriptor, 0, 8), Int(order.uint32(descriptor, 8)))
        guard length > 0, length <= header.blockSize * 2 else {
            throw VmcoreError.damaged("a page of it has \(length) bytes")
        }
        let page = try decode(
            try bytes.read(offset, length, "page \(number)"), flags: order.uint32(descriptor, 12))
        if pages.count >= Self.mostPages { pages.removeAll(keepingCapacity: true) }
        pages[number] = page
        return page
    }

    private func decode(_ data: [UInt8], flags: UInt32) throws -> [UInt8] {
        let size = header.blockSize
        switch flags & PageIndex.compressionFlags {
        case 0:
            guard data.count == size else { throw VmcoreError.damaged("a page of it has \(data.count) bytes") }
            return data
        case PageIndex.zlib:
            var page = [UInt8](repeating: 0, count: size)
            var count = uLongf(size)
            guard uncompress(&page, &count, data, uLong(data.count)) == Z_OK, Int(count) == size else {
                throw VmcoreError.damaged("a page of it cannot be decompressed")
            }
            return page
        case PageIndex.lzo:
            throw VmcoreError.unsupported("its pages are compressed with lzo, which devbox does not read")
        case PageIndex.snappy:
            throw VmcoreError.unsupported("its pages are compressed with snappy, which devbox does not read")
        case PageIndex.zstd:
            throw VmcoreError.unsupported("its pages are compressed with zstd, which devbox does not read")
        default: throw VmcoreError.damaged("a page of it is compressed in an unknown way")
        }
    }
}
