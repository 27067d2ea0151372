import DevboxCore
import Glibc
import SystemPackage

/// A dump of a kernel's memory, in one of the two formats that can be read at any place.
protocol Vmcore: AnyObject {
    var format: DumpFormat { get }
    var machine: DumpMachine { get }
    var order: ByteOrder { get }
    /// The text of VMCOREINFO; nil where the dump has none.
    func vmcoreinfoText() throws -> [UInt8]?
    /// Pages of memory that look like the kernel's own copy of it, for dumps without the note.
    func vmcoreinfoPages() throws -> [[UInt8]]
    /// Physical memory, all of it.
    func read(physical address: UInt64, _ count: Int) throws -> [UInt8]
    /// How many page frames it speaks of; nil for a format in which what is zero is left out like anything else.
    var frames: UInt64? { get }
    /// Those of some frames that are not in it.
    func absent(_ frames: Range<UInt64>) throws -> [UInt64]
    /// What its headers speak of and is not there; nil where nothing is missing.
    func defect() throws -> String?
    /// When it was taken, in seconds since 1970, where the header says it.
    var timestamp: UInt64? { get }
    /// As in `uname -r`, where the header says it.
    var release: String? { get }
}

/// The processor that a dumped kernel ran on.
enum DumpMachine: Equatable, Sendable {
    case x86_64, aarch64, i386, arm, ppc64
    case other(String)

    /// By the ELF header's e_machine.
    init(elf number: UInt16) {
        self =
            switch number {
            case 62: .x86_64
            case 183: .aarch64
            case 3: .i386
            case 40: .arm
            case 21: .ppc64
            default: .other("ELF machine \(number)")
            }
    }

    /// As `uname -m` says it.
    init(uname name: String) {
        self =
            switch name {
            case "x86_64": .x86_64
            case "aarch64", "aarch64_be": .aarch64
            case "i386", "i486", "i586", "i686": .i386
            case "ppc64", "ppc64le": .ppc64
            case _ where name.hasPrefix("arm"): .arm
            default: .other(name)
            }
    }

    func architecture(_ order: ByteOrder) -> Architecture? {
        switch self {
        case .x86_64: .amd64
        case .aarch64: order == .little ? .arm64 : nil
        case .i386: .i386
        case .arm: .armhf
        case .ppc64: order == .little ? .ppc64el : nil
        case .other: nil
        }
    }

    var words: String {
        switch self {
        case .x86_64: "x86-64"
        case .aarch64: "arm64"
        case .i386: "i386"
        case .arm: "32-bit arm"
        case .ppc64: "ppc64"
        case .other(let name): Names.printable(name)
        }
    }
}

/// Tells the kinds of files apart by how they begin.
public enum DumpKind {
    /// How many bytes are to be looked at.
    public static let magicSize = 16

    /// The kind of a file that begins with these bytes; nil for one that is no dump.
    public static func of(_ magic: some Collection<UInt8>) -> DumpFormat? {
        if magic.starts(with: [0x7F, 0x45, 0x4C, 0x46]) { return .elf }
        if magic.starts(with: Array("KDUMP   ".utf8)) { return .kdumpCompressed }
        if magic.starts(with: Array("makedumpfile\0".utf8)) { return .flattened }
        return nil
    }

    /// How a file begins; fewer bytes where it is shorter.
    static func magic(of file: FileDescriptor, name: String) throws -> [UInt8] {
        var magic = [UInt8](repeating: 0, count: magicSize)
        let count = try magic.withUnsafeMutableBytes { buffer in
            try posix("read \(name)") { pread(file.rawValue, buffer.baseAddress, buffer.count, 0) }
        }
        return Array(magic.prefix(count))
    }

    /// What a file that is no dump is, as far as its beginning tells.
    static func reason(_ magic: [UInt8]) -> String {
        if magic.isEmpty { return "it is empty" }
        // gzip, bzip2, xz, lz4 and zstd.
        let compressed: [[UInt8]] = [
            [0x1F, 0x8B], Array("BZh".utf8), [0xFD, 0x37, 0x7A, 0x58, 0x5A], [0x04, 0x22, 0x4D, 0x18],
            [0x28, 0xB5, 0x2F, 0xFD],
        ]
        if compressed.contains(where: magic.starts) {
            return "it is compressed as a whole; unset KDUMP_COMPRESSION in the guest"
        }
        if magic.allSatisfy({ $0 == 0 }) { return "it begins with zeroes" }
        if magic.starts(with: Array("DISKDUMP".utf8)) { return "it is of the old diskdump format" }
        return "it is neither an ELF core nor a file of makedumpfile's"
    }

    static func open(_ bytes: DumpBytes) throws -> any Vmcore {
        let magic = try magic(of: bytes.file, name: bytes.name)
        switch of(magic) {
        case .elf: return try ELFCore(bytes)
        case .kdumpCompressed: return try KdumpCompressed(bytes)
        case .flattened:
            throw VmcoreError.unsupported("\(bytes.name) is flattened; `makedumpfile -R OUT < IN` makes it readable")
        case nil: throw VmcoreError.notADump(name: bytes.name, reason: reason(magic))
        }
    }
}
