import KernelLog

/// The kernel's messages out of its memory.
enum KernelMessages {
    /// All that the kernel's buffer holds, as `makedumpfile --dump-dmesg` prints it.
    static func read(_ memory: KernelMemory, _ info: Vmcoreinfo) throws -> [UInt8] {
        if info.symbol("prb") != nil { return try PrintkRing(memory, info).text() }
        if info.symbol("log_first_idx") != nil { return try LogBuffer(memory, info).text() }
        throw VmcoreError.unsupported("its VMCOREINFO does not say where the kernel's messages are")
    }
}

/// Messages as text, bounded.
struct MessageText {
    private(set) var bytes: [UInt8] = []
    /// The largest buffer that `log_buf_len=` makes is 2 GiB; nobody reads so much.
    static let limit = 64 << 20

    var isFull: Bool { bytes.count >= Self.limit }

    /// Adds a message: "[    1.234567] text", further lines of it below the first one's text.
    mutating func add(_ text: some Collection<UInt8>, nanoseconds: UInt64) {
        let stamp = PrintkStamp.text(nanoseconds: nanoseconds)
        bytes += stamp.utf8
        for byte in text {
            switch byte {
            case 10: bytes += [10] + [UInt8](repeating: 32, count: stamp.utf8.count)
            case 32...126, 9, 11, 12, 13: bytes.append(byte)
            default: bytes += Self.escape(byte)
            }
        }
        bytes.append(10)
    }

    /// A text that somebody else wrote, without what a terminal would obey.
    static func printable(_ text: [UInt8]) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity(text.count)
        for scalar in String(decoding: text, as: UTF8.self).unicodeScalars {
            switch scalar.value {
            case 9, 10, 0x20..<0x7F, 0xA0...: result += Array(Character(scalar).utf8)
            default: result += escape(UInt8(truncatingIfNeeded: scalar.value))
            }
        }
        return result
    }

    private static func escape(_ byte: UInt8) -> [UInt8] {
        let digits = Array("0123456789abcdef".utf8)
        return Array("\\x".utf8) + [digits[Int(byte >> 4)], digits[Int(byte & 15)]]
    }
}
