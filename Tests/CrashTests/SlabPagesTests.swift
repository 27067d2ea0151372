import Crash
import DevboxCore
import TestSupport
import Testing

@Suite("Dumps from which a filter took too much")
struct SlabPagesTests {
    /// A kernel of 1 MiB with struct pages, as 6.12 has them.
    private func kernel(type: Bool = true) -> SyntheticKernel {
        var kernel = SyntheticKernel()
        kernel.information += [
            "SIZE(page)=64", "OFFSET(page.flags)=0", "OFFSET(page._mapcount)=48", "SIZE(mem_section)=32",
            "OFFSET(mem_section.section_mem_map)=0", "LENGTH(mem_section)=1", "NUMBER(SECTION_SIZE_BITS)=27",
            SyntheticKernel.symbol("mem_section", 0x10000),
        ]
        // As the kernel prints them: with a sign.
        kernel.information.append(type ? "NUMBER(PAGE_SLAB_MAPCOUNT_VALUE)=-184549376" : "NUMBER(PG_slab)=9")
        kernel.put(SyntheticKernel.base + 0x11000, at: 0x10000)
        kernel.put((SyntheticKernel.base + 0x20000) | 3, at: 0x11000)
        for frame in 0..<256 { kernel.put(UInt32.max, at: 0x20000 + frame * 64 + 48) }
        return kernel
    }

    private func defect(_ kernel: SyntheticKernel, without frames: Set<Int>, split: Bool = false) throws -> String? {
        try FixtureDump.report(of: kernel.compressed(without: frames, split: split), in: ScratchDirectory()).defect
    }

    @Test("one that lacks the kernel's own pages is not complete, and one that lacks other pages is")
    func slab() throws {
        var made = kernel()
        made.put(UInt32(0xF500_0000), at: 0x20000 + 200 * 64 + 48)
        #expect(try defect(made, without: []) == nil)
        #expect(try defect(made, without: [199, 201, 250]) == nil)
        let missing = try #require(try defect(made, without: [200]))
        #expect(missing.contains("slab pages") && missing.contains("makedumpfile"))
    }

    @Test("a kernel that marks them by a flag is understood too")
    func flags() throws {
        var made = kernel(type: false)
        made.put(UInt64(1 << 9), at: 0x20000 + 77 * 64)
        #expect(try defect(made, without: [78]) == nil)
        #expect(try defect(made, without: [77])?.contains("slab pages") == true)
    }

    @Test("where struct pages are not to be found, nothing is claimed")
    func unknown() throws {
        var none = kernel()
        none.put(UInt64(0), at: 0x10000)
        #expect(try defect(none, without: [200]) == nil)
        var wild = kernel()
        wild.put(UInt64(0xFFFF_FFFF_FFFF_F003), at: 0x11000)
        #expect(try defect(wild, without: [200]) == nil)
        var gone = kernel()
        gone.put(UInt32(0xF500_0000), at: 0x20000 + 200 * 64 + 48)
        // The granule that has its struct page.
        #expect(try defect(gone, without: [200, 0x23]) == nil)
    }

    @Test("a part of a split dump is told to be one, and nothing is read out of pages that another part has")
    func split() throws {
        let report = try FixtureDump.report(of: kernel().compressed(without: [], split: true), in: ScratchDirectory())
        #expect(report.defect == "it is one part of a split dump")
        #expect(report.messages == nil && report.kernel == "4.19.0-synthetic")
    }
}

extension SyntheticKernel {
    /// The same as a kdump-compressed file whose pages are not compressed.
    ///
    /// - Parameters:
    ///   - absent: the page frames that are left out.
    ///   - split: whether it says that it is one part of several.
    func compressed(without absent: Set<Int>, split: Bool) -> [UInt8] {
        let (block, frames) = (4096, memory.count / 4096)
        let text = Array((information.joined(separator: "\n") + "\n").utf8)
        var file = [UInt8](repeating: 0, count: block * 4)
        file.put(Array("KDUMP   ".utf8), at: 0)
        file.put(littleEndian(UInt32(6)), at: 8)
        file.put(Array("x86_64".utf8), at: 12 + 4 * 65)
        // Block size, blocks of the sub header and of the bitmaps, page frames.
        for (index, number) in [block, 1, 2, frames].enumerated() {
            file.put(littleEndian(UInt32(number)), at: 428 + index * 4)
        }
        file.put(littleEndian(UInt32(split ? 1 : 0)), at: block + 12)
        let present = (0..<frames).filter { !absent.contains($0) }
        for frame in 0..<frames { file[block * 2 + frame / 8] |= 1 << UInt8(frame % 8) }
        for frame in present { file[block * 3 + frame / 8] |= 1 << UInt8(frame % 8) }
        let data = file.count + present.count * 24
        for index in present.indices {
            file += littleEndian(UInt64(data + index * block)) + littleEndian(UInt32(block)) + littleEndian(UInt32(0))
            file += littleEndian(UInt64(0))
        }
        for frame in present { file += memory[(frame * block)..<((frame + 1) * block)] }
        file.put(littleEndian(UInt64(file.count)), at: block + 32)
        file.put(littleEndian(UInt64(text.count)), at: block + 40)
        file.put(littleEndian(UInt64(frames)), at: block + 96)
        return file + text
    }
}
