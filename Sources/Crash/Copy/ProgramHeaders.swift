import DevboxCore
import Glibc
import SystemPackage

/// The order of the headers in a dump in ELF.
///
/// QEMU puts section headers between the ELF header and the program headers; makedumpfile takes program headers to begin at byte 64 and
/// finds none. The sections say nothing that the segments do not, so they go. See elf(5).
public enum ProgramHeaders {
    private static let headerSize = 64
    private static let entrySize = 56

    /// Moves the program headers of a dump right behind the ELF header, where they are not yet; its data stay where they are. A file of
    /// another kind, or order, is left alone.
    ///
    /// - Parameters:
    ///   - file: the dump, open for reading and writing.
    ///   - name: what messages call it.
    public static func settle(_ file: FileDescriptor, name: String) throws {
        var header = [UInt8](repeating: 0, count: headerSize)
        guard try read(&header, from: file, at: 0, name), header.starts(with: [0x7F, 0x45, 0x4C, 0x46, 2, 1]) else {
            return
        }
        func field(_ bytes: [UInt8], _ offset: Int, _ size: Int) -> UInt64 {
            bytes[offset..<(offset + size)].reversed().reduce(0) { $0 << 8 | UInt64($1) }
        }
        let offset = field(header, 32, 8)
        let count = Int(field(header, 56, 2))
        // With 65535 the number of segments stands in a section header.
        guard offset > headerSize, offset < 1 << 20, field(header, 54, 2) == entrySize, (1..<0xFFFF).contains(count)
        else {
            return
        }
        var entries = [UInt8](repeating: 0, count: count * entrySize)
        guard try read(&entries, from: file, at: Int64(offset), name) else { return }
        let end = Int(offset) + entries.count
        let data = (0..<count).map { field(entries, $0 * entrySize + 8, 8) }.min() ?? 0
        guard data >= end else { return }
        header.replaceSubrange(32..<40, with: [UInt8(headerSize), 0, 0, 0, 0, 0, 0, 0])
        header.replaceSubrange(40..<48, with: repeatElement(0, count: 8))
        header.replaceSubrange(52..<54, with: [UInt8(headerSize), 0])
        header.replaceSubrange(58..<64, with: repeatElement(0, count: 6))
        let beginning = header + entries + [UInt8](repeating: 0, count: end - headerSize - entries.count)
        try posix("write \(name)") { lseek(file.rawValue, 0, SEEK_SET) }
        try Files.writeAll(file, beginning, name: name)
    }

    private static func read(_ bytes: inout [UInt8], from file: FileDescriptor, at offset: Int64, _ name: String) throws
        -> Bool
    {
        try bytes.withUnsafeMutableBytes { bytes in
            try posix("read \(name)") { pread(file.rawValue, bytes.baseAddress, bytes.count, off_t(offset)) }
                == bytes.count
        }
    }
}
