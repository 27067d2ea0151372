/// What a partition, or a whole disk without partitions, holds, by the marks that its format has at known places.
///
/// Source: libblkid of util-linux, which knows many more.
public struct VolumeKind: Sendable, Equatable {
    /// As messages call it: "xfs", "an LVM2 physical volume".
    public let words: String

    /// What a physical volume of LVM2 is called.
    public static let physicalVolume = "an LVM2 physical volume"

    private struct Mark {
        let words: String
        /// Each has to be there.
        let bytes: [(offset: Int, bytes: [UInt8])]

        init(_ words: String, _ bytes: (Int, [UInt8])...) {
            self.words = words
            self.bytes = bytes.map { (offset: $0.0, bytes: $0.1) }
        }

        init(_ words: String, _ offset: Int, _ text: String) {
            self.init(words, (offset, Array(text.utf8)))
        }
    }

    /// In the order of libblkid: what holds other volumes comes first.
    private static let marks =
        [Mark("a LUKS volume, which is encrypted", (0, Array("LUKS".utf8) + [0xBA, 0xBE]))]
        // In one of the first four sectors.
        + (0..<4).map {
            Mark(physicalVolume, ($0 * 512, Array("LABELONE".utf8)), ($0 * 512 + 24, Array("LVM2 001".utf8)))
        } + [
            Mark("a member of a RAID", (4096, [0xFC, 0x4E, 0x2B, 0xA9])),
            Mark("a member of a RAID", (0, [0xFC, 0x4E, 0x2B, 0xA9])),
            Mark("xfs", 0, "XFSB"), Mark("btrfs", 0x10040, "_BHRfS_M"),
            Mark("f2fs", (0x400, [0x10, 0x20, 0xF5, 0xF2])),
            Mark("ext4", (0x438, [0x53, 0xEF])), Mark("squashfs", 0, "hsqs"),
            Mark("erofs", (0x400, [0xE2, 0xE1, 0xF5, 0xE0])),
            Mark(
                "bcachefs",
                (
                    4120,
                    [0xC6, 0x85, 0x73, 0xF6, 0x66, 0xCE, 0x90, 0xA9, 0xD9, 0x6A, 0x60, 0xCF, 0x80, 0x3D, 0xF7, 0xEF]
                )),
            Mark(
                "bcachefs",
                (
                    4120,
                    [0xC6, 0x85, 0x73, 0xF6, 0x4E, 0x1A, 0x45, 0xCA, 0x82, 0x65, 0xF5, 0x7F, 0x48, 0xBA, 0x6D, 0x81]
                )),
            Mark("jfs", 0x8000, "JFS1"), Mark("reiserfs", 0x10034, "ReIsEr"), Mark("nilfs2", (0x406, [0x34, 0x34])),
            Mark("an ISO 9660 file system", 0x8001, "CD001"), Mark("swap space", 4086, "SWAPSPACE2"),
            Mark("NTFS", 3, "NTFS    "), Mark("FAT", 54, "FAT1"),
            Mark("FAT", 82, "FAT32   "),
        ]

    /// How much of a volume the marks are in, in bytes.
    private static let reach = 0x10060

    /// nil for what is none of those that are known here.
    public init?(of device: any BlockDevice) throws {
        let bytes = try device.bytes(at: 0, count: Int(min(device.size, Int64(Self.reach))))
        func has(_ part: (offset: Int, bytes: [UInt8])) -> Bool {
            bytes.count >= part.offset + part.bytes.count && bytes[part.offset...].starts(with: part.bytes)
        }
        guard let mark = Self.marks.first(where: { $0.bytes.allSatisfy(has) }) else { return nil }
        words = mark.words
    }
}
