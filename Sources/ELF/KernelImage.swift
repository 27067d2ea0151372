import Archives
import Glibc

/// What a kernel's boot file says of itself: its version and its build-id, which is that of the vmlinux it was made from.
public struct KernelImage: Sendable, Equatable {
    /// As in `uname -r`.
    public let version: String?
    /// The build-id of vmlinux.
    public let buildID: BuildID?

    /// How much a kernel may unpack to, in bytes.
    public static let sizeLimit = 256 << 20

    /// Reads a boot file: x86 bzImage (the kernel's Documentation/arch/x86/boot.rst), arm64 Image, as it is or compressed with gzip
    /// (arm64/booting.rst), EFI zboot (drivers/firmware/efi/libstub/zboot-header.S), or an ELF vmlinux.
    ///
    /// What cannot be found, because the payload is damaged or compressed in a way that is not known here (lzo), is nil.
    public init(_ file: [UInt8]) {
        let kernel = Self.unpacked(file)
        self.init(
            version: Self.setupHeader(file)?.version ?? Self.bannerVersion(kernel), buildID: Self.buildID(kernel))
    }

    /// The kernel itself, as far as it can be unpacked.
    private static func unpacked(_ file: [UInt8]) -> [UInt8] {
        if let setup = setupHeader(file) { return setup.payload.flatMap { unpack(file[$0], withSize: true) } ?? [] }
        if let payload = zbootPayload(file) { return unpack(file[payload]) ?? [] }
        return Compression(magic: file) == .gzip ? unpack(file[...]) ?? [] : file
    }

    /// Which of some texts a kernel has as strings of C, the names of sysctls say; the tail of a longer string counts.
    ///
    /// - Parameter file: a boot file, as `init` takes it.
    public static func strings(_ wanted: [String], in file: [UInt8]) -> Set<String> {
        let kernel = unpacked(file)
        return Set(wanted.filter { find(Array($0.utf8) + [0], in: kernel, pivot: 0) != nil })
    }

    private init(version: String?, buildID: BuildID?) {
        self.version = version
        self.buildID = buildID
    }

    private static func buildID(_ kernel: [UInt8]) -> BuildID? {
        kernel.starts(with: [0x7F, 0x45, 0x4C, 0x46]) ? ELFNotes.buildID(of: kernel) : scanForNote(kernel)
    }

    /// The head of the GNU note of 20 bytes, little endian, as every build-id of a kernel has it; an Image has no headers to look in.
    private static func scanForNote(_ kernel: [UInt8]) -> BuildID? {
        let head: [UInt8] = [4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 0x47, 0x4E, 0x55, 0]
        guard let at = find(head, in: kernel, pivot: 12), at + 36 <= kernel.count else { return nil }
        return BuildID(bytes: kernel[(at + 16)..<(at + 36)])
    }

    /// The word behind "Linux version " in the text that the kernel greets with (init/version.c).
    private static func bannerVersion(_ kernel: [UInt8]) -> String? {
        let banner = Array("Linux version ".utf8)
        var start = 0
        while let at = find(banner, in: kernel, from: start, pivot: 0) {
            start = at + banner.count
            // There may be the format that it is printed with, too.
            if let version = word(kernel[start...]), version.first?.isNumber == true { return version }
        }
        return nil
    }

    /// A word of printable ASCII; nil where there is none, or it is longer than a version is (64, with its NUL).
    private static func word(_ bytes: some Collection<UInt8>) -> String? {
        let word = bytes.prefix(64).prefix { (33...126).contains($0) }
        return (1..<64).contains(word.count) ? String(decoding: word, as: UTF8.self) : nil
    }

    /// Where a pattern is, from `start` on; `pivot` is the place in it of a byte that is not everywhere.
    private static func find(_ pattern: [UInt8], in bytes: [UInt8], from start: Int = 0, pivot: Int) -> Int? {
        bytes.withUnsafeBytes { bytes in
            var position = start + pivot
            while let base = bytes.baseAddress, position < bytes.count,
                let found = memchr(base + position, Int32(pattern[pivot]), bytes.count - position)
            {
                let at = UnsafeRawPointer(found) - base - pivot
                if at + pattern.count <= bytes.count, bytes[at..<(at + pattern.count)].elementsEqual(pattern) {
                    return at
                }
                position = at + pivot + 1
            }
            return nil
        }
    }

    /// The kernel in a payload, as far as it can be unpacked.
    ///
    /// - Parameter withSize: whether four bytes with its size follow, as the kernel appends them to all but gzip, which has its own.
    private static func unpack(_ payload: ArraySlice<UInt8>, withSize: Bool = false) -> [UInt8]? {
        guard let compression = Compression(magic: payload) else { return nil }
        let payload = withSize && compression != .gzip ? payload.dropLast(4) : payload
        var position = payload.startIndex
        let source: ByteSource = { buffer in
            let count = min(buffer.count, payload.endIndex - position)
            buffer.copyBytes(from: payload[position..<(position + count)])
            position += count
            return count
        }
        var kernel: [UInt8] = []
        if var stream = try? DecodedStream(
            source, size: Int64(payload.count), compression: compression, name: "the kernel")
        {
            while let chunk = try? stream.next(), kernel.count + chunk.count <= sizeLimit { kernel += chunk }
        }
        return kernel.isEmpty ? nil : kernel
    }
}

extension KernelImage {
    /// What the setup header of a bzImage says; nil where there is none.
    private static func setupHeader(_ file: [UInt8]) -> (version: String?, payload: Range<Int>?)? {
        let fields = ELFNotes.Fields(isWide: false, isBigEndian: false)
        guard file.count >= 0x250, fields.uint(file, 0x1FE, 2) == 0xAA55,
            file[0x202..<0x206].elementsEqual(Array("HdrS".utf8))
        else { return nil }
        let nameAt = Int(fields.uint(file, 0x20E, 2)) + 0x200
        let version = nameAt > 0x200 && nameAt < file.count ? word(file[nameAt...]) : nil
        // payload_offset is there from boot protocol 2.08 on.
        guard fields.uint(file, 0x206, 2) >= 0x208 else { return (version, nil) }
        let setupSectors = file[0x1F1] == 0 ? 4 : Int(file[0x1F1])
        let start = (setupSectors + 1) * 512 + Int(fields.uint32(file, 0x248))
        return (version, range(start, Int(fields.uint32(file, 0x24C)), in: file))
    }

    /// Where the compressed kernel lies in an EFI zboot image; nil where the file is none.
    private static func zbootPayload(_ file: [UInt8]) -> Range<Int>? {
        let fields = ELFNotes.Fields(isWide: false, isBigEndian: false)
        guard file.count >= 64, file.starts(with: [0x4D, 0x5A]), file[4..<8].elementsEqual(Array("zimg".utf8)) else {
            return nil
        }
        return range(Int(fields.uint32(file, 8)), Int(fields.uint32(file, 12)), in: file)
    }

    private static func range(_ start: Int, _ count: Int, in file: [UInt8]) -> Range<Int>? {
        count > 0 && start + count <= file.count ? start..<(start + count) : nil
    }
}
