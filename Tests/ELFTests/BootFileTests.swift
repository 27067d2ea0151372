import ELF
import DevboxCore
import SystemPackage
import TestSupport
import Testing

@Suite("Build-ids and boot files", .timeLimit(.minutes(10)))
struct BootFileTests {
    private let scratch: ScratchDirectory
    init() throws { scratch = try ScratchDirectory() }

    private static let id = "0123456789abcdef0123456789abcdef01234567"

    /// A program that the host's linker made, with the build-id and a kernel's greeting in it.
    private func program(_ options: String..., banner: String = "Linux version 6.1.0-47-test (x@y) (gcc)") throws
        -> FilePath
    {
        try scratch.write(
            """
            const char format[] = "Linux version %s";
            const char banner[] = "\(banner)";
            int main(void) { return banner[0] + format[0]; }

            """, to: "x.c")
        let path = scratch("program")
        let command = "gcc -Wl,--build-id=0x\(Self.id) \(options.joined(separator: " ")) -o \(path) \(scratch("x.c"))"
        try tool("sh", "-c", command)
        return path
    }

    private func bytes(_ path: FilePath) throws -> [UInt8] { try Files.read(path) }

    @Test(
        "an ELF file's build-id is found by its program headers, and by its sections",
        arguments: ["", "-static -s", "-g"])
    func elf(options: String) throws {
        let path = try program(options)
        #expect(try ELFNotes.buildID(of: bytes(path))?.description == Self.id)
        let object = scratch("object.o")
        try tool("sh", "-c", "objcopy --only-keep-debug \(path) \(object)")
        #expect(try ELFNotes.buildID(of: bytes(object))?.description == Self.id)
        // As kernel modules are made.
        try tool("sh", "-c", "cd \(scratch.path) && gcc -c x.c && ld -r --build-id=0x\(Self.id) -o sections.o x.o")
        #expect(try ELFNotes.buildID(of: bytes(scratch("sections.o")))?.description == Self.id)
    }

    @Test(
        "files of 32 bits and of the other byte order are read too",
        arguments: [(1, false), (1, true), (2, false), (2, true)])
    func classes(kind: UInt8, isBigEndian: Bool) {
        var file = ELFWriter(isWide: kind == 2, isBigEndian: isBigEndian)
        file.addNote(id: (0..<20).map { UInt8($0) })
        #expect(ELFNotes.buildID(of: file.bytes)?.description == "000102030405060708090a0b0c0d0e0f10111213")
        for length in 0..<file.bytes.count { #expect(ELFNotes.buildID(of: Array(file.bytes[..<length])) == nil) }
    }

    @Test("a file is read forward only, as it comes out of a package")
    func forward() throws {
        let content = try bytes(program("-g"))
        var position: Int64 = 0
        let id = try ELFNotes.buildID { offset, count in
            #expect(offset >= position)
            position = offset + Int64(count)
            return Array(content[min(Int(offset), content.count)..<min(Int(position), content.count)])
        }
        #expect(id?.description == Self.id)
    }

    @Test("offsets and sizes that lead out of the file are no more than no build-id")
    func hostile() throws {
        let content = try Array(bytes(program("-s")))
        var random = TestRandom(seed: 3)
        var found = 0
        for _ in 0..<3000 {
            var damaged = content
            for _ in 0..<3 {
                let place = Int.random(in: 0..<1000, using: &random)
                damaged[place] = [0, 1, 0x7F, 0x80, 0xFF].randomElement(using: &random) ?? 0
            }
            if ELFNotes.buildID(of: damaged) != nil { found += 1 }
        }
        // Not each place matters.
        #expect((1..<3000).contains(found), "\(found) of 3000 had one")
        #expect(ELFNotes.buildID(of: []) == nil)
    }

    @Test(
        "a bzImage's version and build-id are found in it",
        arguments: ["gzip -9", "xz --check=crc32", "zstd -19", "lz4 -l", "bzip2", "xz --format=lzma"])
    func bzImage(program compressor: String) throws {
        let kernel = try program("-s")
        let payload = scratch("payload")
        try tool("sh", "-c", "\(compressor) -c < \(kernel) > \(payload)")
        let size = try UInt32(Files.status(kernel).st_size)
        // As the kernel's scripts/Makefile.lib appends it to all but gzip.
        let appended = compressor.hasPrefix("gzip") ? [] : (0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) }
        let image = KernelImage(try bzImage(payload: bytes(payload) + appended))
        #expect(image.version == "6.1.0-47-test")
        #expect(image.buildID?.description == Self.id)
    }

    /// What boot.rst says of the front of one.
    private func bzImage(payload: [UInt8], version: Int = 0x20F) -> [UInt8] {
        var front = [UInt8](repeating: 0, count: 5 * 512)
        func put(_ number: Int, _ at: Int, _ width: Int) {
            for index in 0..<width { front[at + index] = UInt8(truncatingIfNeeded: number >> (8 * index)) }
        }
        front[0x1F1] = 4
        put(0xAA55, 0x1FE, 2)
        front.replaceSubrange(0x202..<0x206, with: Array("HdrS".utf8))
        put(version, 0x206, 2)
        put(0x300, 0x20E, 2)
        front.replaceSubrange(0x500..<0x51A, with: Array("6.1.0-47-test (x@y) #1 SMP".utf8))
        put(64, 0x248, 4)
        put(payload.count, 0x24C, 4)
        return front + [UInt8](repeating: 0x90, count: 64) + payload + [0, 0]
    }

    @Test("a bzImage whose payload cannot be read still has its version")
    func unknownPayload() {
        let image = KernelImage(bzImage(payload: [0x89, 0x4C, 0x5A, 0x4F] + noise(1000)))
        #expect(image == KernelImage(bzImage(payload: [1])))
        #expect(image.version == "6.1.0-47-test")
        #expect(image.buildID == nil)
        #expect(KernelImage(bzImage(payload: noise(100), version: 0x207)).version == "6.1.0-47-test")
    }

    @Test("an arm64 Image is searched, as it is, in gzip, and in EFI zboot")
    func arm64() throws {
        var note: [UInt8] = [4, 0, 0, 0, 20, 0, 0, 0, 3, 0, 0, 0, 0x47, 0x4E, 0x55, 0]
        note += (0..<20).map { UInt8($0) }
        let text = Array("Linux version %s\0Linux version 6.12.3-arm64 (x)\0".utf8)
        let image = noise(5000) + text + noise(5000) + Array("G".utf8) + note + noise(3)
        func check(_ file: [UInt8]) {
            let found = KernelImage(file)
            #expect(found.version == "6.12.3-arm64")
            #expect(found.buildID?.description == "000102030405060708090a0b0c0d0e0f10111213")
        }
        check(image)
        try Files.writeAtomically(image, to: scratch("Image"))
        for compressor in ["gzip", "zstd"] {
            try tool("sh", "-c", "\(compressor) -c \(scratch("Image")) > \(scratch("packed"))")
            let packed = try bytes(scratch("packed"))
            if compressor == "gzip" { check(packed) }
            let sizes = [128, packed.count].flatMap { size in
                (0..<4).map { UInt8(truncatingIfNeeded: size >> (8 * $0)) }
            }
            let head = [0x4D, 0x5A, 0, 0] + Array("zimg".utf8) + sizes
            check(head + [UInt8](repeating: 0, count: 128 - head.count) + packed + noise(50))
        }
    }

    @Test("an uncompressed vmlinux is a boot file too, and other files are none")
    func others() throws {
        for options in ["", "-s"] {
            let image = try KernelImage(bytes(program(options)))
            #expect(image.version == "6.1.0-47-test" && image.buildID?.description == Self.id, "\(options)")
        }
        for file in [[], noise(10), noise(4096), [0x1F, 0x8B, 8, 0], Array("MZ\0\0zimg".utf8)] {
            let image = KernelImage(file)
            #expect(image.version == nil && image.buildID == nil)
        }
    }
}

/// The least ELF file that has a note.
struct ELFWriter {
    let isWide: Bool
    let isBigEndian: Bool
    private(set) var bytes: [UInt8] = []

    init(isWide: Bool, isBigEndian: Bool) {
        self.isWide = isWide
        self.isBigEndian = isBigEndian
    }

    private func number(_ value: Int, _ width: Int) -> [UInt8] {
        let little = (0..<width).map { UInt8(truncatingIfNeeded: value >> (8 * $0)) }
        return isBigEndian ? little.reversed() : little
    }

    mutating func addNote(id: [UInt8]) {
        let word = isWide ? 8 : 4
        let headerSize = isWide ? 64 : 52
        let entrySize = isWide ? 56 : 32
        let other = number(6, 4) + number(2, 4) + number(1, 4) + Array("Linux\0\0\0".utf8) + [1, 2, 0, 0]
        let note = other + number(4, 4) + number(id.count, 4) + number(3, 4) + Array("GNU\0".utf8) + id
        bytes = [0x7F, 0x45, 0x4C, 0x46, isWide ? 2 : 1, isBigEndian ? 2 : 1, 1] + [UInt8](repeating: 0, count: 9)
        bytes +=
            number(2, 2) + number(1, 2) + number(1, 4) + number(0, word) + number(headerSize, word) + number(0, word)
        bytes += number(0, 4) + number(headerSize, 2) + number(entrySize, 2) + number(1, 2)
        bytes += [UInt8](repeating: 0, count: headerSize - bytes.count)
        let offset = number(headerSize + entrySize, word)
        let (address, size) = (number(0, word), number(note.count, word))
        bytes += number(4, 4) + (isWide ? number(4, 4) : []) + offset + address + address + size + size
        bytes += (isWide ? [] : number(4, 4)) + number(4, word) + note
    }
}
