/// An ELF core of a made-up x86-64 kernel: four levels of page tables that map what the kernel's image would be, and variables.
///
/// For what no real dump at hand has: kernels before 5.10, and structures that nobody but an attacker would make.
struct SyntheticKernel {
    /// Physical memory from 0 on.
    var memory = [UInt8](repeating: 0, count: 1 << 20)
    var information = [
        "OSRELEASE=4.19.0-synthetic", "PAGESIZE=4096", "SYMBOL(init_top_pgt)=ffffffff80001000", "NUMBER(phys_base)=0",
        "NUMBER(pgtable_l5_enabled)=0",
    ]
    static let base: UInt64 = 0xFFFF_FFFF_8000_0000

    /// The first MiB of the image is at physical address 0, as four-KiB pages.
    init() {
        // Tables at 1000, 2000, 3000 and 4000.
        put(0x2000 | 3, at: 0x1000 + 511 * 8)
        put(0x3000 | 3, at: 0x2000 + 510 * 8)
        put(0x4000 | 3, at: 0x3000)
        for page in 0..<256 { put(UInt64(page) << 12 | 3, at: 0x4000 + page * 8) }
    }

    mutating func put<Number: FixedWidthInteger>(_ number: Number, at place: Int) {
        memory.put(littleEndian(number), at: place)
    }

    /// The virtual address of a place, as VMCOREINFO has it.
    static func symbol(_ name: String, _ place: Int) -> String {
        "SYMBOL(\(name))=\(String(base + UInt64(place), radix: 16))"
    }

    /// The file.
    var core: [UInt8] {
        let text = Array((information.joined(separator: "\n") + "\n").utf8)
        var note = littleEndian(UInt32(11)) + littleEndian(UInt32(text.count)) + littleEndian(UInt32(0))
        note += Array("VMCOREINFO\0\0".utf8) + text + [UInt8](repeating: 0, count: (4 - text.count % 4) % 4)
        var file: [UInt8] = [0x7F, 0x45, 0x4C, 0x46, 2, 1, 1] + [UInt8](repeating: 0, count: 9)
        file += littleEndian(UInt16(4)) + littleEndian(UInt16(62)) + littleEndian(UInt32(1))
        file += littleEndian(UInt64(0)) + littleEndian(UInt64(64)) + littleEndian(UInt64(0)) + littleEndian(UInt32(0))
        for number in [64, 56, 2, 0, 0, 0] as [UInt16] { file += littleEndian(number) }
        let start = UInt64(64 + 2 * 56)
        for (kind, offset, size) in [
            (UInt32(4), start, UInt64(note.count)), (1, start + UInt64(note.count), UInt64(memory.count)),
        ] {
            file += littleEndian(kind) + littleEndian(UInt32(7))
            for number in [offset, 0, 0, size, size, 0] { file += littleEndian(number) }
        }
        return file + note + memory
    }
}
