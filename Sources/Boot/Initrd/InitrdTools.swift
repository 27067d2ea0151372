import DevboxCore
import Disks

/// The shell and the few commands of an initrd, as a guest has them: klibc's, which initramfs-tools brings, or a static busybox.
struct InitrdTools {
    /// Files by their path in the initrd.
    private(set) var files: [(path: String, bytes: [UInt8])] = []
    /// Links by their path in the initrd.
    private(set) var links: [(path: String, target: String)] = []

    private static let limit = 8 << 20

    /// Looks for them on a guest's disk; nil where it has neither.
    init?(on root: borrowing Ext4FileSystem) throws {
        if try takeKlibc(root) { return }
        if try takeBusybox(root) { return }
        return nil
    }

    private mutating func takeKlibc(_ root: borrowing Ext4FileSystem) throws -> Bool {
        let folder = "/usr/lib/klibc/bin"
        var found: [(path: String, bytes: [UInt8])] = []
        var libraries: Set<String> = []
        for name in ["sh", "mount", "mkdir", "insmod", "run-init", "sleep"] {
            guard let bytes = try Self.read("\(folder)/\(name)", root) else { return false }
            found.append(("bin/\(name)", bytes))
            // The library that they share takes the place of ld.so; its name bears a digest.
            if let library = ELFInterpreter.path(in: bytes) { libraries.insert(library) }
        }
        for library in libraries.sorted() {
            let parts = library.split(separator: "/")
            guard parts.count == 2, parts[0] == "lib", let bytes = try Self.read(library, root) else { return false }
            found.append(("lib/\(parts[1])", bytes))
        }
        files = found
        return true
    }

    private mutating func takeBusybox(_ root: borrowing Ext4FileSystem) throws -> Bool {
        for path in ["/bin/busybox", "/usr/bin/busybox", "/usr/lib/initramfs-tools/bin/busybox"] {
            guard let bytes = try Self.read(path, root), ELFInterpreter.path(in: bytes) == nil else { continue }
            files = [("bin/busybox", bytes)]
            links = ["sh", "mount", "mkdir", "insmod", "switch_root", "sleep"].map { ("bin/\($0)", "busybox") }
            return true
        }
        return false
    }

    private static func read(_ path: String, _ root: borrowing Ext4FileSystem) throws -> [UInt8]? {
        guard let number = try root.find(path), try root.attributes(of: number).isRegular else { return nil }
        return try root.contents(of: number, limit: limit)
    }
}

/// The program that an ELF executable is loaded by: the PT_INTERP segment of elf(5).
enum ELFInterpreter {
    /// Its path; nil for a static executable, and for what is none.
    static func path(in bytes: [UInt8]) -> String? {
        guard bytes.count >= 64, bytes.starts(with: [0x7F, 0x45, 0x4C, 0x46]), bytes[5] == 1 || bytes[5] == 2 else {
            return nil
        }
        let (wide, little) = (bytes[4] == 2, bytes[5] == 1)
        func number(_ offset: Int, _ count: Int) -> Int? {
            guard offset >= 0, offset <= bytes.count - count else { return nil }
            let part = bytes[offset..<offset + count]
            let value = (little ? Array(part.reversed()) : Array(part)).reduce(UInt64(0)) { $0 << 8 | UInt64($1) }
            return Int(exactly: value)
        }
        guard let table = wide ? number(32, 8) : number(28, 4), let size = number(wide ? 54 : 42, 2),
            let count = number(wide ? 56 : 44, 2), table <= bytes.count
        else { return nil }
        for index in 0..<count {
            let header = table + index * size
            guard let type = number(header, 4) else { return nil }
            guard type == 3 else { continue }
            guard let offset = wide ? number(header + 8, 8) : number(header + 4, 4),
                let length = wide ? number(header + 32, 8) : number(header + 16, 4), length < 4096,
                offset <= bytes.count - length
            else { return nil }
            return String(decoding: bytes[offset..<offset + length].prefix { $0 != 0 }, as: UTF8.self)
        }
        return nil
    }
}
