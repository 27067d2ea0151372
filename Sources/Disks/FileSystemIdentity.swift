/// What lies in a partition, by its first bytes: enough to find it by its UUID or its label, and to name it.
public struct FileSystemIdentity: Sendable, Equatable {
    /// "ext4" (of ext2 and ext3 too), "xfs", "btrfs", "vfat", "LVM", "LUKS", "RAID", "f2fs"; nil for what is not known.
    public private(set) var kind: String?
    /// Its UUID in lower case, as blkid(8) writes it; of a vfat the serial number.
    public private(set) var uuid: String?
    /// Its label.
    public private(set) var label: String?

    /// Looks at what a device holds.
    public init(_ device: any BlockDevice) throws {
        let head = try device.bytes(at: 0, count: Int(min(device.size, 70 << 10)))
        func has(_ magic: some StringProtocol, at offset: Int) -> Bool { has(Array(magic.utf8), at: offset) }
        func has(_ magic: [UInt8], at offset: Int) -> Bool {
            offset + magic.count <= head.count && head[offset..<(offset + magic.count)].elementsEqual(magic)
        }
        func uuid(_ offset: Int) -> String { PartitionIdentity.dashed(Array(head[offset..<(offset + 16)])) }
        func label(_ offset: Int, _ count: Int) -> String? {
            var text = String(decoding: head[offset..<(offset + count)].prefix { $0 != 0 }, as: UTF8.self)
            while text.last == " " { text.removeLast() }
            return text.isEmpty ? nil : text
        }
        func serial(_ offset: Int) -> String {
            let digits = PartitionIdentity.hexadecimal(Array(head[offset..<(offset + 4)].reversed()))
            return "\(digits.prefix(4))-\(digits.suffix(4))"
        }
        guard head.count >= 4096 else { return }
        if has([0x53, 0xEF], at: 0x438) {
            (kind, self.uuid, self.label) = ("ext4", uuid(0x468), label(0x478, 16))
        } else if has("XFSB", at: 0) {
            (kind, self.uuid, self.label) = ("xfs", uuid(32), label(108, 12))
        } else if has("_BHRfS_M", at: 65600), head.count >= 0x1022B {
            (kind, self.uuid, self.label) = ("btrfs", uuid(65568), label(0x1012B, 256))
        } else if has("LABELONE", at: 512) {
            kind = "LVM"
        } else if has([0x4C, 0x55, 0x4B, 0x53, 0xBA, 0xBE], at: 0) {
            kind = "LUKS"
        } else if has([0xFC, 0x4E, 0x2B, 0xA9], at: 4096) || has([0xFC, 0x4E, 0x2B, 0xA9], at: 0) {
            kind = "RAID"
        } else if has([0x10, 0x20, 0xF5, 0xF2], at: 1024) {
            kind = "f2fs"
        } else if has("FAT32   ", at: 82) {
            (kind, self.uuid, self.label) = ("vfat", serial(67), label(71, 11))
        } else if has("FAT1", at: 54) {
            (kind, self.uuid, self.label) = ("vfat", serial(39), label(43, 11))
        }
    }
}
