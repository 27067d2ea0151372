/// What lies in a partition, by its first bytes: enough to find it by its UUID or its label, and to name it.
public struct FileSystemIdentity: Sendable, Equatable {
    /// What it is, as messages call it; nil for what is not known.
    public private(set) var kind: String?
    /// Its UUID in lower case, as blkid(8) writes it; of a vfat the serial number.
    public private(set) var uuid: String?
    /// Its label.
    public private(set) var label: String?

    /// Looks at what a device holds.
    public init(_ device: any BlockDevice) throws {
        let head = try device.bytes(at: 0, count: Int(min(device.size, 70 << 10)))
        func has(_ magic: String, at offset: Int) -> Bool {
            head.count > offset && head[offset...].starts(with: magic.utf8)
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
        kind = try VolumeKind(of: device)?.words
        guard head.count >= 4096 else { return }
        switch kind {
        case "ext4": (self.uuid, self.label) = (uuid(0x468), label(0x478, 16))
        case "xfs": (self.uuid, self.label) = (uuid(32), label(108, 12))
        case "btrfs" where head.count >= 0x1022B: (self.uuid, self.label) = (uuid(65568), label(0x1012B, 256))
        case "FAT" where has("FAT32   ", at: 82): (self.uuid, self.label) = (serial(67), label(71, 11))
        case "FAT": (self.uuid, self.label) = (serial(39), label(43, 11))
        default: break
        }
    }
}
