/// What an ELF program or library is loaded with: elf(5), ld.so(8).
struct ELFLinkage: Equatable {
    /// The program that the kernel has load it, PT_INTERP; nil for a static one, and for a library.
    let interpreter: String?
    /// The names of the libraries that it needs, DT_NEEDED.
    let needed: [String]
    /// What it can be loaded together with: its class, its byte order and its machine.
    let kind: [UInt8]

    /// More libraries than this no program names.
    private static let mostNeeded = 256

    /// The kind of a file by its first 64 bytes; nil for what is no ELF file.
    static func kind(_ bytes: [UInt8]) -> [UInt8]? {
        guard bytes.count >= 64, bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]), [1, 2].contains(bytes[4]),
            [1, 2].contains(bytes[5])
        else { return nil }
        return [bytes[4], bytes[5], bytes[18], bytes[19]]
    }

    /// nil for what is no ELF file, or a damaged one.
    init?(_ bytes: [UInt8]) {
        guard let kind = Self.kind(bytes) else { return nil }
        let file = ELFFields(bytes: bytes, isWide: bytes[4] == 2, isLittle: bytes[5] == 1)
        guard let segments = file.segments() else { return nil }
        self.kind = kind
        interpreter = segments.first { $0.type == ELFFields.interpreter }.flatMap {
            file.text(at: $0.offset, limit: $0.size)
        }
        guard let dynamic = segments.first(where: { $0.type == ELFFields.dynamic }) else {
            needed = []
            return
        }
        var (names, strings): ([Int], Int?) = ([], nil)
        let step = file.isWide ? 16 : 8
        for at in stride(from: dynamic.offset, to: dynamic.offset + dynamic.size - step + 1, by: step) {
            guard let tag = file.number(at, step / 2), let value = file.number(at + step / 2, step / 2) else {
                return nil
            }
            if tag == 0 { break }
            if tag == 1 { names.append(value) }
            if tag == 5 { strings = file.offset(of: value, in: segments) }
            guard names.count <= Self.mostNeeded else { return nil }
        }
        guard !names.isEmpty else {
            needed = []
            return
        }
        guard let strings else { return nil }
        let texts = names.compactMap { name in
            name < bytes.count ? file.text(at: strings + name, limit: 256) : nil
        }
        guard texts.count == names.count else { return nil }
        needed = texts
    }
}

/// The numbers of an ELF file. Each may be anything: nothing is read behind the file's end.
private struct ELFFields {
    let bytes: [UInt8]
    let isWide: Bool
    let isLittle: Bool

    static let load = 1
    static let dynamic = 2
    static let interpreter = 3

    struct Segment {
        let type: Int
        let offset: Int
        let address: Int
        let size: Int
    }

    func number(_ offset: Int, _ count: Int) -> Int? {
        guard offset >= 0, offset <= bytes.count - count else { return nil }
        let part = bytes[offset..<offset + count]
        let value = (isLittle ? Array(part.reversed()) : Array(part)).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
        return Int(exactly: value)
    }

    /// The program headers that lie inside the file; nil where the table does not.
    func segments() -> [Segment]? {
        guard let table = isWide ? number(32, 8) : number(28, 4), let size = number(isWide ? 54 : 42, 2),
            let count = number(isWide ? 56 : 44, 2), table <= bytes.count
        else { return nil }
        var result: [Segment] = []
        for index in 0..<count {
            let at = table + index * size
            guard let type = number(at, 4) else { return nil }
            guard [Self.load, Self.dynamic, Self.interpreter].contains(type) else { continue }
            guard let offset = isWide ? number(at + 8, 8) : number(at + 4, 4),
                let address = isWide ? number(at + 16, 8) : number(at + 8, 4),
                let length = isWide ? number(at + 32, 8) : number(at + 16, 4), offset <= bytes.count,
                length <= bytes.count - offset
            else { return nil }
            result.append(Segment(type: type, offset: offset, address: address, size: length))
        }
        return result
    }

    /// Where in the file an address is.
    func offset(of address: Int, in segments: [Segment]) -> Int? {
        segments.first { $0.type == Self.load && address >= $0.address && address - $0.address < $0.size }
            .map { $0.offset + (address - $0.address) }
    }

    /// The text that begins somewhere; nil where it does not end within `limit` bytes.
    func text(at offset: Int, limit: Int) -> String? {
        guard offset >= 0, offset < bytes.count else { return nil }
        let part = bytes[offset...].prefix(min(limit, 4096))
        guard let end = part.firstIndex(of: 0) else { return nil }
        return String(decoding: part[..<end], as: UTF8.self)
    }
}
